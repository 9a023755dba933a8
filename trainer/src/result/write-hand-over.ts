import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { modelCard } from './model-card.js';
import type { HandOver } from './training-record.js';

/** Writes what whoever receives a result needs to know of it: card, settings, and how it compares with its base. */
export async function writeHandOver(folder: string, handOver: HandOver): Promise<void> {
  const { record, comparison, compared } = handOver;
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  await writeFile(join(folder, 'training.json'), json(record));
  await writeFile(join(folder, 'evaluation.json'), json(comparison));
  await writeFile(
    join(folder, 'evaluation.jsonl'),
    compared.map((row) => `${JSON.stringify(row)}\n`).join(''),
  );
  await writeFile(join(folder, 'README.md'), modelCard(handOver));
}
