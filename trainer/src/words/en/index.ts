import { asking } from './asking.js';
import { files } from './files.js';
import { rows } from './rows.js';
import { workbook } from './workbook.js';

export const en = { asking, files, rows, workbook };
