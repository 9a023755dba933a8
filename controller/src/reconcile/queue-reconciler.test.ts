import { expect, it } from 'vitest';
import type { FineTuneJob, GpuQueue } from '../api/index.js';
import type { KubeClient } from '../kube/index.js';
import { Cache } from '../kube/index.js';
import { FakeClock } from '../kube/fake-clock.js';
import { BY_QUEUE } from './caches.js';
import { QueueReconciler } from './queue-reconciler.js';

const makeJob = (name: string) =>
  ({
    metadata: { name, namespace: 'default', uid: name },
    spec: { queueName: 'q' },
  }) as FineTuneJob;

const queue = {
  metadata: { name: 'q', uid: 'q' },
  spec: { quotas: [], stopPolicy: 'none' },
} as unknown as GpuQueue;

it('writes what changed at once, then once for all changes of a second', async () => {
  const clock = new FakeClock();
  const jobs = new Cache<FineTuneJob>({ [BY_QUEUE]: ({ spec }) => [spec.queueName] });
  const queues = new Cache<GpuQueue>();
  queues.put(queue);
  const seen: (number | undefined)[] = [];
  // The cache hears of no write here, so that what was written has to be remembered.
  const apply = (_resource: unknown, object: GpuQueue) => {
    seen.push(object.status?.pendingJobs);
    return Promise.resolve({ ...queue, ...object, spec: queue.spec });
  };
  const reconciler = new QueueReconciler({
    client: { apply } as unknown as Pick<KubeClient, 'apply'>,
    caches: { jobs: { cache: jobs }, queues: { cache: queues } },
    clock,
    resolve: () => ({ invalid: 'not of interest here' }),
    reserved: () => 0,
  });
  jobs.put(makeJob('a'));
  expect(await reconciler.reconcile('q')).toBeUndefined();
  clock.advance(400);
  jobs.put(makeJob('b'));
  expect(await reconciler.reconcile('q')).toBe(600);
  jobs.put(makeJob('c'));
  clock.advance(600);
  expect(await reconciler.reconcile('q')).toBeUndefined();
  expect(seen).toEqual([1, 3]);
  // Gone and made anew: nothing is known of the old one.
  queues.remove('q');
  await reconciler.reconcile('q');
  queues.put({ ...queue, metadata: { name: 'q', uid: 'other' } });
  expect(await reconciler.reconcile('q')).toBeUndefined();
  expect(seen).toEqual([1, 3, 3]);
});
