import { describe, expect, it } from 'vitest';
import type { FineTuneJob } from '../api/index.js';
import type { CacheEvent } from '../kube/index.js';
import type { PodObject } from '../pool/index.js';
import { deletedWorkerEvent } from './deleted-worker.js';

const job = (changes: { suspend?: boolean; deletionTimestamp?: string; admitted?: string } = {}) =>
  ({
    metadata: { name: 'j', namespace: 'n', uid: 'u', deletionTimestamp: changes.deletionTimestamp },
    spec: { suspend: changes.suspend ?? false },
    status: {
      conditions: [{ type: 'Admitted', status: changes.admitted ?? 'True' }],
      placement: { flavor: 'H100', resource: 'r', nodes: ['gpu-1', 'gpu-2'], time: '' },
    },
  }) as unknown as FineTuneJob;

const pod = (index: number, metadata: object = {}, status: object = { phase: 'Running' }) =>
  ({
    metadata: {
      name: `j-worker-${index}`,
      namespace: 'n',
      uid: `p${index}`,
      labels: { 'tuneyard.dev/job': 'j', 'tuneyard.dev/worker': `${index}` },
      ...metadata,
    },
    spec: { nodeName: 'gpu-2' },
    status,
  }) as unknown as PodObject;

const ends = { deletionTimestamp: '2026-01-01T00:00:00Z' };

const event = (
  type: 'modified' | 'deleted',
  object: PodObject,
  old: PodObject = pod(1),
): CacheEvent<PodObject> => ({ type, key: 'n/j-worker-1', object, old });

describe('a pod that the controller did not delete', () => {
  it('is told to the owner of its job, once', () => {
    const told = deletedWorkerEvent(job(), event('modified', pod(1, ends)));
    expect(told).toEqual({
      type: 'Warning',
      reason: 'WorkerDeleted',
      message: 'somebody deleted the pod of worker 1 on gpu-2 (j-worker-1); a new pod takes its place',
    });
    expect(deletedWorkerEvent(job(), event('deleted', pod(1)))).toEqual(told);
    expect(deletedWorkerEvent(job(), event('deleted', pod(1, ends), pod(1, ends)))).toBeUndefined();
  });

  it('was evicted where the cluster says so, and is told with its words', () => {
    const disrupted = (reason: string) => ({
      phase: 'Running',
      conditions: [{ type: 'DisruptionTarget', status: 'True', reason, message: 'Eviction API: evicting' }],
    });
    const told = deletedWorkerEvent(
      job(),
      event('modified', pod(1, ends, disrupted('EvictionByEvictionAPI'))),
    );
    expect(told?.reason).toBe('WorkerEvicted');
    expect(told?.message).toContain('(EvictionByEvictionAPI: Eviction API: evicting)');
    const gone = event('deleted', pod(1, {}, disrupted('DeletionByPodGC')));
    expect(deletedWorkerEvent(job(), gone)).toBeUndefined();
  });

  it('is no news where nothing is lost', () => {
    const leaving = event('modified', pod(1, ends));
    expect(deletedWorkerEvent(undefined, leaving)).toBeUndefined();
    expect(deletedWorkerEvent(job({ suspend: true }), leaving)).toBeUndefined();
    expect(deletedWorkerEvent(job(ends), leaving)).toBeUndefined();
    expect(deletedWorkerEvent(job({ admitted: 'False' }), leaving)).toBeUndefined();
    expect(deletedWorkerEvent(job(), event('modified', pod(5, ends), pod(5)))).toBeUndefined();
    const ended = pod(1, {}, { phase: 'Succeeded' });
    expect(deletedWorkerEvent(job(), event('deleted', ended, ended))).toBeUndefined();
    expect(deletedWorkerEvent(job(), event('modified', pod(1)))).toBeUndefined();
  });
});
