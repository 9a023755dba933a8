import { programs } from './programs.js';

export const en = { programs };
