import type { Words } from '../index.js';
import { advice } from './advice.js';
import { asking } from './asking.js';
import { card } from './card.js';
import { comparison, verdict } from './comparison.js';
import { dataset } from './dataset.js';
import { files } from './files.js';
import { findings } from './findings.js';
import { report } from './report.js';
import { rows } from './rows.js';
import { workbook } from './workbook.js';

export const zh: Words = {
  advice,
  asking,
  card,
  comparison,
  dataset,
  files,
  findings,
  report,
  rows,
  verdict,
  workbook,
};
