import { createHash } from 'node:crypto';
import type { PreparedData } from '../data/index.js';
import type { LocalJob } from '../storage/index.js';

/** What a run is trained from and with, as field paths (`training.learningRate`) with their values as JSON. */
export type RunSettings = Readonly<Record<string, string>>;

/** The path under which the prepared examples stand, as a digest. */
const CONTENT = 'content of the data set';

/** Kept beside a checkpoint, so that a run that cannot go on from it can say what differs. */
export function runSettings({ asked, versions }: LocalJob, data: PreparedData): RunSettings {
  const { model, method, dataset, training } = asked;
  const settings: Record<string, string> = {};
  collect(settings, 'model', { ...model, secret: undefined });
  collect(settings, 'method', {
    ...method,
    lora: method?.lora && { ...method.lora, initFromSecret: undefined },
  });
  collect(settings, 'dataset', {
    ...dataset,
    sources: dataset?.sources.map((source) => ({
      ...source,
      secret: undefined,
      sheet: source.sheet || undefined,
    })),
  });
  collect(settings, 'training', {
    ...training,
    checkpoint: undefined,
    verifyEverySteps: undefined,
    microBatchSize: undefined,
  });
  for (const [index, version] of versions.entries()) {
    if (version !== '') settings[index === 0 ? 'version of the model' : 'version of the adapter'] = version;
  }
  settings[CONTENT] = contentDigest(data);
  return settings;
}

/** Field paths whose values differ, with both; the digest of the content only where no setting of the data explains it. */
export function settingDifferences(before: RunSettings, now: RunSettings): readonly string[] {
  const paths = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  const differing = paths.filter((path) => before[path] !== now[path]).toSorted();
  const explained = differing.some((path) => path.startsWith('dataset.'));
  return differing
    .filter((path) => path !== CONTENT || !explained)
    .map((path) =>
      path === CONTENT ? path : `${path} (then ${before[path] ?? 'not set'}, now ${now[path] ?? 'not set'})`,
    );
}

function collect(into: Record<string, string>, path: string, value: unknown): void {
  if (value === undefined || value === '') return;
  if (typeof value !== 'object' || value === null) into[path] = JSON.stringify(value);
  else for (const [name, inner] of Object.entries(value)) collect(into, `${path}.${name}`, inner);
}

/** `sha256:<hex>` over the token ids that are trained, by source and weight. */
export function contentDigest({ train }: PreparedData): string {
  const hash = createHash('sha256');
  for (const { examples, weight } of train) {
    hash.update(`\n${weight} ${examples.length}\n`);
    for (const { inputIds, trained } of examples) hash.update(inputIds).update(trained);
  }
  return `sha256:${hash.digest('hex')}`;
}
