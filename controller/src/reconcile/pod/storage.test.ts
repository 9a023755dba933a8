import { expect, it } from 'vitest';
import { parseFineTuneJobSpec } from '../../api/index.js';
import { storageOf } from './storage.js';

const spec = (more: object) =>
  parseFineTuneJobSpec({
    queueName: 'team',
    model: { source: 'pvc://models/qwen', secretRef: { name: 'hub' } },
    dataset: { sources: [{ uri: 'pvc://work/rows.jsonl' }] },
    output: { uri: 'pvc://work/out' },
    ...more,
  });

it('mounts each claim once, for reading only where nothing is written to it', () => {
  const { volumes, mounts } = storageOf(spec({}));
  expect(mounts).toEqual([
    { name: 'tuneyard-claim-0', mountPath: '/mnt/claims/models', readOnly: true },
    { name: 'tuneyard-claim-1', mountPath: '/mnt/claims/work', readOnly: false },
    { name: 'tuneyard-secret-0', mountPath: '/var/run/tuneyard/secrets/hub', readOnly: true },
  ]);
  expect(volumes[1]).toEqual({ name: 'tuneyard-claim-1', persistentVolumeClaim: { claimName: 'work' } });
});

it('mounts the Secrets of sources and destinations, and nothing for other addresses', () => {
  const output = { uri: 's3://bucket/out', secretRef: { name: 's3-keys' } };
  const { mounts } = storageOf(
    spec({
      model: { source: 'hf://org/name' },
      dataset: { sources: [{ uri: 's3://bucket/rows.jsonl', secretRef: { name: 's3-keys' } }] },
      output,
    }),
  );
  expect(mounts.map(({ mountPath }) => mountPath)).toEqual(['/var/run/tuneyard/secrets/s3-keys']);
});
