import { describe, expect, it } from 'vitest';
import type { FineTuneJob } from '../api/index.js';
import { parseGpuQueue } from '../api/index.js';
import { decide } from './decide.js';
import { queueTerms } from './queue-terms.js';
import { createResolver } from './resolve-cached.js';
import { admitted, facts, makeJob, NOW, podsOf, PROGRESS, training } from './test-facts.js';

const eviction = { reason: 'Preempted', message: 'default/other needs its GPUs' } as const;
const ASKS = { runPolicy: { preemption: { checkpointGraceSeconds: 3600 }, activeDeadlineSeconds: 100_000 } };

/** What the controller decides of jobs while the queue "q" is as this manifest says. */
function controllerWith(caps: object | undefined, maxGraceSeconds?: number) {
  const manifest = (more: object | undefined) =>
    parseGpuQueue({
      apiVersion: 'tuneyard.dev/v1alpha1',
      kind: 'GpuQueue',
      metadata: { name: 'q' },
      spec: { quotas: [{ flavor: 'H100', nominal: 8 }], ...(more === undefined ? {} : { caps: more }) },
    });
  let queue = manifest(caps);
  const queues = { get: (name: string) => (name === 'q' ? queue : undefined) };
  const resolve = createResolver({ allowPrivileged: false }, undefined, queueTerms(queues, maxGraceSeconds));
  const look = (job: FineTuneJob, secondsLater: number, more: object = {}) => {
    const resolved = resolve(job);
    if ('invalid' in resolved) throw new Error(resolved.invalid);
    const state = training({ progress: { ...PROGRESS, step: 5 } });
    const now = NOW + secondsLater * 1000;
    return decide(facts(job, { resolved, pods: podsOf(job), training: state, now, ...more }));
  };
  return {
    look,
    /** Seconds that a worker which has unsaved steps and does not answer keeps its GPUs. */
    keepsFor: () => {
      const job = admitted(ASKS, 100);
      const asked = look(job, 0, { eviction });
      const grace = (asked.lookAgainMs ?? 0) / 1000;
      const waiting = makeJob(job.spec, asked.status);
      const isEvicted = (seconds: number) =>
        look(waiting, seconds, { eviction }).status.placement === undefined;
      expect([isEvicted(grace - 1), isEvicted(grace)]).toEqual([false, true]);
      return grace;
    },
    write: (next: object | undefined) => {
      queue = manifest(next);
    },
  };
}

describe('the caps of a queue', () => {
  it('bound for how long a preempted job keeps its GPUs, whatever it asks for and says', () => {
    expect(controllerWith({ checkpointGraceSeconds: 30 }).keepsFor()).toBe(30);
    expect(controllerWith(undefined).keepsFor()).toBe(600);
    expect(controllerWith(undefined, 45).keepsFor()).toBe(45);
    expect(controllerWith({ checkpointGraceSeconds: 300 }, 45).keepsFor()).toBe(45);
  });

  it('hold from the next decision on when the queue is written anew', () => {
    const controller = controllerWith({ checkpointGraceSeconds: 300 });
    expect(controller.keepsFor()).toBe(300);
    controller.write({ checkpointGraceSeconds: 20 });
    expect(controller.keepsFor()).toBe(20);
    controller.write(undefined);
    expect(controller.keepsFor()).toBe(600);
  });

  it('bound for how long a job holds GPUs', () => {
    const { look } = controllerWith({ activeDeadlineSeconds: 1000 });
    const job = admitted(ASKS, 0);
    expect(look(job, 999).status.phase).not.toBe('Failed');
    const { status } = look(job, 1000);
    expect(status.conditions?.find(({ type }) => type === 'Failed')?.message).toBe(
      'held GPUs for longer than activeDeadlineSeconds 1000',
    );
  });
});
