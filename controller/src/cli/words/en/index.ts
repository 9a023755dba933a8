import { interruption } from './interruption.js';
import { programs } from './programs.js';
import { progress } from './progress.js';
import { training } from './training.js';

export const en = { interruption, programs, progress, training };
