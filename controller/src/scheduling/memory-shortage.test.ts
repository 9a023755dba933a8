import { describe, expect, it } from 'vitest';
import { schedule } from './cycle.js';
import { job, node, queue, snapshot, why } from './test-cluster.js';

describe('a job that needs much memory', () => {
  it('says how many GPUs have the memory when only some do', () => {
    const nodes = [
      node('a40', 2, 0, { memoryBytes: 40 * 2 ** 30 }),
      node('a80', 2, 0, { memoryBytes: 80 * 2 ** 30 }),
    ];
    const told = (more: object, pool = nodes) =>
      why(
        schedule(snapshot(pool, [queue('q', 8)], [job('j', { bytesPerGpu: 77.4 * 2 ** 30, ...more })])),
        'j',
      );
    expect(told({ min: 3 })).toMatchObject({
      reason: 'InsufficientMemory',
      message:
        'only 2 of the 4 H100 have 77.4 GiB or more; 3 workers need one each: lower workers.min, or name another flavor',
    });
    expect(told({ min: 2, gpusPerWorker: 2 })?.message).toContain(
      'only 2 of the 4 H100 have 77.4 GiB or more; 2 workers need 2 each',
    );
    const spread = [...nodes, node('b80', 3, 0, { memoryBytes: 80 * 2 ** 30 })];
    expect(
      told({ min: 2, gpusPerWorker: 2 }, [...spread, node('c40', 4, 0, { memoryBytes: 1 })]),
    ).toBeUndefined();
    const odd = ['x', 'y', 'z'].map((name) => node(name, 3, 0, { memoryBytes: 80 * 2 ** 30 }));
    expect(told({ min: 4, gpusPerWorker: 2 }, [...odd, node('c40', 4, 0, { memoryBytes: 1 })])?.message).toBe(
      'only 3 of 4 workers of 2 fit on nodes whose H100 have 77.4 GiB or more: lower workers.min, or name another flavor',
    );
  });

  it('does not name memory of nodes that the job may not use', () => {
    const nodes = [
      node('a40', 2, 0, { memoryBytes: 40 * 2 ** 30, labels: { zone: 'x' } }),
      node('a80', 2, 0, { memoryBytes: 80 * 2 ** 30 }),
    ];
    const needs = { nodeSelector: { zone: 'x' }, tolerations: [] };
    const waiting = why(
      schedule(snapshot(nodes, [queue('q', 8)], [job('j', { needs, bytesPerGpu: 77 * 2 ** 30 })])),
      'j',
    );
    expect(waiting?.message).toContain('needs 77.0 GiB on each GPU, but H100 that suits it has 40.0 GiB: ');
  });

  it('says of which GPUs it counts the free ones when not all suit the job', () => {
    const nodes = [
      node('a40', 2, 0, { memoryBytes: 40 * 2 ** 30 }),
      node('a80', 2, 1, { memoryBytes: 80 * 2 ** 30 }),
    ];
    const waiting = why(
      schedule(snapshot(nodes, [queue('q', 8)], [job('j', { min: 2, bytesPerGpu: 77 * 2 ** 30 })])),
      'j',
    );
    expect(waiting?.message).toBe('needs 2 H100 (2 workers of 1), but 1 of 2 that suit it are free; 1 short');
  });
});
