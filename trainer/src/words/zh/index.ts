import type { Words } from '../index.js';
import { rows } from './rows.js';

export const zh: Words = { rows };
