import type { Words } from '../index.js';
import { files } from './files.js';
import { rows } from './rows.js';
import { workbook } from './workbook.js';

export const zh: Words = { files, rows, workbook };
