/**
 * Writes the data set of the example.
 *
 *   npx tsc -b deploy/examples
 *   node deploy/examples/dist/support-desk/write-dataset.js [SEED] [FOLDER]
 *
 * Another seed invents another company.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jsonLines } from '../language/questions.js';
import { makeDataset } from './make-dataset.js';

/** Of the committed files. */
const DEFAULT_SEED = 1;
const HERE = fileURLToPath(new URL('../../support-desk', import.meta.url));

const seed = process.argv[2] === undefined ? DEFAULT_SEED : Number(process.argv[2]);
if (!Number.isSafeInteger(seed)) {
  console.error(`write-dataset: the seed must be a whole number, not "${process.argv[2]}".`);
  process.exit(2);
}
const folder = resolve(process.argv[3] ?? HERE);
const { train, validation, test } = makeDataset(seed);
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'train.jsonl'), jsonLines(train));
writeFileSync(join(folder, 'validation.jsonl'), jsonLines(validation));
writeFileSync(join(folder, 'test.jsonl'), jsonLines(test));
console.log(`seed ${seed}: ${train.length} + ${validation.length} + ${test.length} rows in ${folder}`);
