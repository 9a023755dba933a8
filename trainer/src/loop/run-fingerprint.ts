import { createHash } from 'node:crypto';
import type { LoraConfig } from '@tuneyard/proto';
import type { PreparedData } from '../data/index.js';
import type { LocalJob } from '../storage/index.js';

/**
 * Names what is trained, by settings and training data: 16 hex digits. Checkpoints lie under this name, so that a run
 * never resumes from the state of another one. What changes no bit of the result is left out, and so is the micro-batch,
 * which changes no more than roundings: a job that ran out of memory goes on with a smaller one.
 */
export function runFingerprint({ asked, versions }: LocalJob, data: PreparedData): string {
  const { model, method, training } = asked;
  const hash = createHash('sha256');
  hash.update(
    JSON.stringify([
      // Credentials may change between attempts.
      { ...model, secret: undefined, fromScratch: model?.fromScratch || undefined },
      method && { ...method, lora: method.lora && sayingLora(method.lora) },
      ...versions.filter((version) => version !== ''),
      { ...training, checkpoint: undefined, verifyEverySteps: undefined, microBatchSize: undefined },
    ]),
  );
  for (const { examples, weight } of data.train) {
    hash.update(`\n${weight} ${examples.length}\n`);
    for (const { inputIds, trained } of examples) hash.update(inputIds).update(trained);
  }
  return hash.digest('hex').slice(0, 16);
}

/** Fields of a later release say nothing while they are empty: checkpoints from before it keep their name. */
const LATER_FIELDS: ReadonlySet<string> = new Set([
  'rankPattern',
  'alphaPattern',
  'excludeModules',
  'layersToTransform',
  'layersPattern',
  'modulesToSave',
  'dora',
]);

function sayingLora(lora: LoraConfig): Record<string, unknown> {
  const entries = Object.entries(lora).filter(
    ([name, value]) => !LATER_FIELDS.has(name) || value === true || Object.keys(Object(value)).length > 0,
  );
  const maps = entries.map(([name, value]): [string, unknown] => [
    name,
    name.endsWith('Pattern') && !Array.isArray(value)
      ? Object.entries(Object(value)).toSorted(([a], [b]) => (a < b ? -1 : 1))
      : value,
  ]);
  return Object.fromEntries(maps);
}
