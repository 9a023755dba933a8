import { rows } from './rows.js';

export const en = { rows };
