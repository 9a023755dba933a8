import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { FineTuneJob } from '@tuneyard/controller/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tuneyard } from '../../support/run-command.js';
import { startTrainingCluster, type TrainingCluster } from '../training-cluster.js';

let cluster: TrainingCluster;
beforeAll(async () => {
  cluster = await startTrainingCluster();
});
afterAll(() => cluster.close());

const run = (...args: string[]) => tuneyard(...args, '--kubeconfig', cluster.kubeconfig);

describe('tuneyard checkpoint of a job that trains', () => {
  it('has its workers write one that holds every step done, and tells step and place', async () => {
    await cluster.submit('long', {
      training: { steps: 100_000, batchSize: 4, microBatchSize: 1 },
      workers: { min: 2, max: 2 },
    });
    const before = await cluster.jobWhen(
      'long',
      'trains',
      ({ status }) => (status?.progress?.step ?? 0) >= 3,
    );
    // Nothing else would write one: everySteps is 0, and the job keeps its GPUs.
    expect(before.status?.checkpoint).toBeUndefined();

    const first = await run('checkpoint', 'long', '-o', 'json', '--timeout', '60');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    const { status } = JSON.parse(first.stdout) as FineTuneJob;
    const { step, uri } = status?.checkpoint ?? { step: -1, uri: '' };
    expect(step).toBeGreaterThanOrEqual(before.status?.progress?.step ?? Infinity);
    const folder = fileURLToPath(uri);
    expect(existsSync(folder)).toBe(true);
    expect(readdirSync(folder).join()).toMatch(/manifest\.json/);
    expect(folder).toContain(String(step));

    // Asked again, a later one.
    await cluster.jobWhen('long', 'goes on', (job) => (job.status?.progress?.step ?? 0) > step);
    const second = await run('checkpoint', 'long', '--timeout', '60');
    expect(second.stdout).toMatch(/^default\/long has a checkpoint of step \d+ at file:\/\/\//);
    expect(Number(/step (\d+)/.exec(second.stdout)?.[1])).toBeGreaterThan(step);

    const { stdout } = await run('logs', 'long', '--tail', '5');
    expect(stdout).toMatch(/^long-worker-0 {2}.*\n/m);
    expect(stdout).toMatch(/^long-worker-1 {2}/m);
    expect(await run('cancel', 'long')).toMatchObject({ code: 0 });
  }, 120_000);
});
