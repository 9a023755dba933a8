import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startHubServer, type HubRepository } from '@tuneyard/trainer/storage/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { JOBS } from './controller/kinds.js';
import { startTrainingCluster, type TrainingCluster } from './training-cluster.js';

const [FIRST, SECOND] = ['a'.repeat(40), 'b'.repeat(40)];

let cluster: TrainingCluster;
let hub: Awaited<ReturnType<typeof startHubServer>>;
let repository: HubRepository;
beforeAll(async () => {
  repository = { commits: new Map(), refs: new Map([['main', FIRST]]) };
  hub = await startHubServer(new Map([['org/tiny', repository]]));
  // As the controller and its workers find it in their environment.
  vi.stubEnv('HF_HUB_OFFLINE', '0');
  vi.stubEnv('HF_ENDPOINT', hub.url);
  cluster = await startTrainingCluster();
  const model = join(cluster.folder, 'model');
  const files = new Map(readdirSync(model).map((name) => [name, readFileSync(join(model, name))]));
  for (const commit of [FIRST, SECOND]) repository.commits.set(commit, files);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await cluster.close();
  await hub.close();
});

const setSuspended = (suspend: boolean) =>
  cluster.client.mergePatch(JOBS, { name: 'pinned', namespace: 'default' }, { spec: { suspend } });

describe('a job whose model is on the hub', () => {
  it('loads one commit in all its workers and attempts, though the branch moves, and has its memory estimated', async () => {
    await cluster.submit('pinned', {
      model: { source: 'hf://org/tiny' },
      training: { steps: 100_000, batchSize: 4, microBatchSize: 1 },
      workers: { min: 2, max: 2 },
      template: { env: [{ name: 'HF_ENDPOINT', value: hub.url }] },
    });
    const first = await cluster.jobWhen(
      'pinned',
      'trains',
      ({ status }) => (status?.progress?.step ?? 0) >= 1,
    );
    expect(first.status?.resolved?.model).toEqual({ source: 'hf://org/tiny', commit: FIRST });
    expect(first.status?.memory?.bytesPerGpu).toBeGreaterThan(0);

    repository.refs.set('main', SECOND);
    hub.seen.length = 0;
    await setSuspended(true);
    await cluster.jobWhen('pinned', 'is suspended', ({ status }) => status?.phase === 'Suspended');
    const { step = 0 } = (await cluster.job('pinned')).status?.checkpoint ?? {};
    await setSuspended(false);
    const second = await cluster.jobWhen(
      'pinned',
      'goes on from its checkpoint',
      ({ status }) => status?.phase === 'Training' && (status.progress?.step ?? 0) > step,
    );
    expect(second.status?.resolved?.model?.commit).toBe(FIRST);
    expect(hub.seen.filter(({ url }) => url.includes(SECOND))).toEqual([]);
  }, 180_000);
});
