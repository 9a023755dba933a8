import { programs } from './programs.js';
import { training } from './training.js';

export const en = { programs, training };
