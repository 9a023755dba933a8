import type { Words } from '../index.js';
import { programs } from './programs.js';

export const zh: Words = { programs };
