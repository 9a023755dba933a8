import { files } from './files.js';
import { rows } from './rows.js';
import { workbook } from './workbook.js';

export const en = { files, rows, workbook };
