import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startS3Server, type S3Store } from '@tuneyard/trainer/storage/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SECRETS } from './controller/kinds.js';
import { startTrainingCluster, type TrainingCluster } from './training-cluster.js';

const KEYS = { id: 'KEY', secret: 'very-secret' };

let cluster: TrainingCluster;
let store: S3Store;
beforeAll(async () => {
  store = await startS3Server(KEYS);
  cluster = await startTrainingCluster();
  const model = join(cluster.folder, 'model');
  for (const name of readdirSync(model))
    store.objects.set(`bucket/models/tiny/${name}`, readFileSync(join(model, name)));
  store.objects.set('bucket/data/rows.jsonl', readFileSync(join(cluster.folder, 'data.jsonl')));
  await cluster.client.create(SECRETS, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'object-store', namespace: 'default' },
    stringData: {
      AWS_ENDPOINT_URL: store.server.url,
      AWS_ACCESS_KEY_ID: KEYS.id,
      AWS_SECRET_ACCESS_KEY: KEYS.secret,
    },
  } as never);
});
afterAll(async () => {
  await cluster.close();
  await store.server.close();
});

const secretRef = { name: 'object-store' };
const training = { steps: 6, batchSize: 4, microBatchSize: 1, checkpoint: { everySteps: 3 } };
const sha256 = (content: Buffer | undefined) =>
  createHash('sha256')
    .update(content ?? Buffer.of())
    .digest('hex');

describe('a job that reads from an object store and writes to it', () => {
  it('fetches model and data, and publishes its adapter as a whole, of the same bits as one from local files', async () => {
    await cluster.submit('near', { training, workers: { min: 2, max: 2 } });
    await cluster.submit('far', {
      training,
      workers: { min: 2, max: 2 },
      model: { source: 's3://bucket/models/tiny', secretRef },
      dataset: {
        sources: [{ uri: 's3://bucket/data/rows.jsonl', secretRef }],
        split: { train: 1, validation: 0, test: 0 },
        maxLength: 64,
      },
      output: { uri: 's3://bucket/adapters/far', secretRef },
    });
    // The store is in trouble now and then.
    store.server.fail(({ url }) => url.endsWith('model.safetensors'), { kind: 'cut', after: 1000 });
    store.server.fail(({ method }) => method === 'PUT', { kind: 'status', status: 503 });

    const ended = (name: string) =>
      cluster.jobWhen(name, 'ends', ({ status }) => /Complete|Failed/.test(status?.phase ?? ''));
    const far = await ended('far');
    expect(far.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'Complete', status: 'True' }),
    );
    const published = (name: string) => store.objects.get(`bucket/adapters/far/${name}`);
    const manifest = JSON.parse(published('manifest.json')?.toString() ?? '{}') as {
      files: readonly { readonly name: string; readonly sha256: string }[];
    };
    expect(manifest.files.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['adapter_config.json', 'adapter_model.safetensors']) as string[],
    );
    for (const file of manifest.files) expect(sha256(published(file.name)), file.name).toBe(file.sha256);
    const [artifact] = far.status?.artifacts ?? [];
    expect(artifact).toMatchObject({ format: 'peft', uri: 's3://bucket/adapters/far' });
    // The manifest is the last that was written of the adapter.
    const writes = store.server.seen.filter(
      ({ method, url }) => method === 'PUT' && url.startsWith('/bucket/adapters/far/'),
    );
    expect(writes.at(-1)?.url).toBe('/bucket/adapters/far/manifest.json');
    expect(store.uploads.size).toBe(0);
    // Checkpoints lie beside it, with the credentials of the output.
    expect([...store.objects.keys()].some((key) => key.startsWith('bucket/adapters/far-checkpoints/'))).toBe(
      true,
    );

    await ended('near');
    const local = readFileSync(join(cluster.folder, 'out/near/adapter_model.safetensors'));
    expect(sha256(published('adapter_model.safetensors'))).toBe(sha256(local));
  }, 120_000);
});
