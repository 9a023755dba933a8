import { describe, expect, it } from 'vitest';
import { ApiError } from '../errors.js';
import type { KubeClient } from '../kube/index.js';
import { makeJob } from './test-facts.js';
import { missingMost, WorkerRanges } from './worker-range.js';

const withRange = (workers: object, generation = 1) => {
  const job = makeJob({ workers });
  return { ...job, metadata: { ...job.metadata, generation, resourceVersion: '7' } };
};

function rig(...answers: (Error | undefined)[]) {
  const written: unknown[] = [];
  const mergePatch = (...call: unknown[]) => {
    written.push(call.slice(1));
    const answer = answers.shift();
    return answer === undefined ? Promise.resolve({}) : Promise.reject(answer);
  };
  return { written, ranges: new WorkerRanges({ mergePatch } as unknown as Pick<KubeClient, 'mergePatch'>) };
}

const refused = (status: number) => new ApiError('no', status, 'no');

describe('a range of workers', () => {
  it.each([
    [{}, undefined],
    [{ min: 4 }, undefined],
    [{ min: 4, max: 1 }, 4],
    [{ min: 2, max: 8 }, undefined],
    [{ min: 1, max: 1 }, undefined],
  ])('%j lacks a most of %s', (workers, most) => {
    expect(missingMost(withRange(workers))).toBe(most);
  });

  it('is completed through the scale, of the version that was seen', async () => {
    const { written, ranges } = rig();
    expect(await ranges.complete(withRange({ min: 4, max: 1 }))).toBe(true);
    expect(written).toEqual([
      [
        { name: 'j', namespace: 'default' },
        { metadata: { resourceVersion: '7' }, spec: { replicas: 4 } },
        { subresource: 'scale' },
      ],
    ]);
    expect(await ranges.complete(withRange({ min: 4, max: 4 }, 2))).toBe(false);
    expect(written).toHaveLength(1);
  });

  it('that may not be written is left alone until the spec changes', async () => {
    const { written, ranges } = rig(refused(403));
    await expect(ranges.complete(withRange({ min: 4, max: 1 }))).rejects.toThrow();
    expect(await ranges.complete(withRange({ min: 4, max: 1 }))).toBe(false);
    expect(await ranges.complete(withRange({ min: 5, max: 1 }, 2))).toBe(true);
    expect(written).toHaveLength(2);
  });

  it('that changed meanwhile is looked at again', async () => {
    const { written, ranges } = rig(refused(409));
    expect(await ranges.complete(withRange({ min: 4, max: 1 }))).toBe(true);
    expect(await ranges.complete(withRange({ min: 4, max: 1 }))).toBe(true);
    expect(written).toHaveLength(2);
  });
});
