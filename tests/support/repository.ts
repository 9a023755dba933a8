import { fileURLToPath } from 'node:url';

const isCompiled = import.meta.url.endsWith('.js');

/** The top folder of the project, whether this runs from its source or compiled. */
export const REPOSITORY_URL = new URL(isCompiled ? '../../../' : '../../', import.meta.url);
export const REPOSITORY = fileURLToPath(REPOSITORY_URL);
