import { describe, expect, it } from 'vitest';
import type { GpuQueue } from '../api/index.js';
import { queueConditions } from './queue-conditions.js';
import type { PoolFlavor } from './queue-figures.js';

const NOW = '2026-05-01T12:00:00Z';
const queueOf = (...quotas: (readonly [flavor: string, nominal: number])[]) =>
  ({
    metadata: { name: 'q', generation: 3 },
    spec: { quotas: quotas.map(([flavor, nominal]) => ({ flavor, nominal })), stopPolicy: 'none' },
  }) as unknown as GpuQueue;

const poolOf = (...flavors: (readonly [flavor: string, gpus: number, nominal: number])[]) =>
  new Map<string, PoolFlavor>(
    flavors.map(([flavor, gpus, nominal]) => [flavor, { gpus, nominal, queues: nominal === 0 ? 0 : 2 }]),
  );

const told = (queue: GpuQueue, pool: ReadonlyMap<string, PoolFlavor>) =>
  queueConditions(queue, pool, NOW).map(({ type, status, reason, message }) => [
    type,
    status,
    reason,
    message,
  ]);

describe('queueConditions', () => {
  it('is well when the pool has what is granted', () => {
    expect(queueConditions(queueOf(['H100', 4]), poolOf(['H100', 8, 8]), NOW)).toEqual([
      {
        type: 'Active',
        status: 'True',
        reason: 'Ready',
        message: 'jobs are admitted',
        lastTransitionTime: NOW,
        observedGeneration: 3,
      },
      {
        type: 'Overcommitted',
        status: 'False',
        reason: 'WithinPool',
        message: 'the pool has what is granted',
        lastTransitionTime: NOW,
        observedGeneration: 3,
      },
    ]);
  });

  it('names a flavor that no node has, and those that there are', () => {
    const pool = poolOf(['h100', 0, 4], ['H100', 8, 4], ['A100', 4, 0]);
    expect(told(queueOf(['h100', 4]), pool)[0]).toEqual([
      'Active',
      'False',
      'FlavorNotInPool',
      'no node has h100: the pool has A100 and H100; did you mean H100?',
    ]);
  });

  it('says that jobs of its other flavors are admitted', () => {
    const [active] = told(queueOf(['H100', 4], ['B200', 4]), poolOf(['H100', 8, 4], ['B200', 0, 4]));
    expect(active?.slice(1, 3)).toEqual(['False', 'FlavorNotInPool']);
    expect(active?.[3]).toMatch(/no node has B200: .*; jobs that can use H100 are admitted$/);
  });

  it('says of a pool without any GPU where to look', () => {
    expect(told(queueOf(['H100', 4]), poolOf(['H100', 0, 4]))[0]?.[3]).toMatch(
      /^no node has H100: .*device plugin/,
    );
  });

  it('tells the sum of what is granted beside what the pool has', () => {
    const pool = poolOf(['H100', 8, 12], ['A100', 4, 4]);
    expect(told(queueOf(['H100', 6], ['A100', 2]), pool)[1]).toEqual([
      'Overcommitted',
      'True',
      'Overcommitted',
      'the nominal quotas of 2 queues add up to 12 H100, but the pool has 8: lower nominal quotas or add nodes, as not every queue can have its own GPUs at once',
    ]);
    // One that only borrows has promised nothing.
    expect(told(queueOf(['H100', 0]), pool)[1]?.[1]).toBe('False');
  });

  it('keeps the time of the last transition', () => {
    const before = queueConditions(queueOf(['H100', 4]), poolOf(['H100', 8, 8]), '2026-01-01T00:00:00Z');
    const queue = { ...queueOf(['H100', 4]), status: { conditions: before } };
    const after = queueConditions(queue, poolOf(['H100', 4, 8]), NOW);
    expect(after.map(({ lastTransitionTime }) => lastTransitionTime)).toEqual(['2026-01-01T00:00:00Z', NOW]);
  });
});
