import type { Words } from '../index.js';
import { programs } from './programs.js';
import { training } from './training.js';

export const zh: Words = { programs, training };
