import type { Words } from '../index.js';
import { asking } from './asking.js';
import { files } from './files.js';
import { rows } from './rows.js';
import { workbook } from './workbook.js';

export const zh: Words = { asking, files, rows, workbook };
