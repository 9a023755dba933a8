import { expect, it } from 'vitest';
import type { GpuQueue } from '../api/index.js';
import type { KubeClient } from '../kube/index.js';
import { Cache } from '../kube/index.js';
import { FakeClock } from '../kube/fake-clock.js';
import type { QueueFigures } from './queue-figures.js';
import { QueueReconciler } from './queue-reconciler.js';

const quotas = [{ flavor: 'H100', nominal: 8 }];
const queue = {
  metadata: { name: 'q', uid: 'q' },
  spec: { quotas, stopPolicy: 'none' },
} as unknown as GpuQueue;

const figures = (pendingJobs: number, flavor = 'H100'): QueueFigures => ({
  admittedJobs: 1,
  pendingJobs,
  inadmissibleJobs: 0,
  usage: [{ flavor, nominal: 8, used: 6, ending: 2, borrowed: 0, pending: 0, reserved: 0 }],
  pool: new Map([['H100', { gpus: 8, nominal: 8, queues: 1 }]]),
});

function reconcilerOf(known: { figures: QueueFigures | undefined }) {
  const clock = new FakeClock();
  const queues = new Cache<GpuQueue>();
  queues.put(queue);
  const written: (GpuQueue['status'] & object)[] = [];
  // The cache hears of no write here, so that what was written has to be remembered.
  const apply = (_resource: unknown, object: GpuQueue) => {
    if (object.status !== undefined) written.push(object.status);
    return Promise.resolve({ ...queue, ...object, spec: queue.spec });
  };
  const told: string[] = [];
  const reconciler = new QueueReconciler({
    client: { apply } as unknown as Pick<KubeClient, 'apply'>,
    queues: { cache: queues },
    events: {
      record: ({ kind, metadata }, type, reason, message) =>
        told.push(`${kind} ${metadata.name} ${type} ${reason}: ${message}`),
    },
    clock,
    figures: () => known.figures,
  });
  return { reconciler, clock, queues, written, told };
}

it('writes what changed at once, then once for all changes of a second', async () => {
  const known = { figures: figures(1) };
  const { reconciler, clock, queues, written } = reconcilerOf(known);
  expect(await reconciler.reconcile('q')).toBeUndefined();
  clock.advance(400);
  known.figures = figures(2);
  expect(await reconciler.reconcile('q')).toBe(600);
  known.figures = figures(3);
  clock.advance(600);
  expect(await reconciler.reconcile('q')).toBeUndefined();
  const seen = () => written.map(({ pendingJobs }) => pendingJobs);
  expect(seen()).toEqual([1, 3]);
  // Gone and made anew: nothing is known of the old one.
  queues.remove('q');
  await reconciler.reconcile('q');
  queues.put({ ...queue, metadata: { name: 'q', uid: 'other' } });
  expect(await reconciler.reconcile('q')).toBeUndefined();
  expect(seen()).toEqual([1, 3, 3]);
});

it('writes the figures of the scheduler, and says in one line what is ending', async () => {
  const { reconciler, written } = reconcilerOf({ figures: figures(0) });
  await reconciler.reconcile('q');
  expect(written[0]?.usage).toEqual(figures(0).usage);
  expect(written[0]?.summary).toBe('H100 6/8 (2 ending)');
});

it('waits for the cycle that has seen the quotas of the queue', async () => {
  const known: { figures: QueueFigures | undefined } = { figures: undefined };
  const { reconciler, written } = reconcilerOf(known);
  await reconciler.reconcile('q');
  known.figures = figures(0, 'A100');
  await reconciler.reconcile('q');
  expect(written).toEqual([]);
  known.figures = figures(0);
  await reconciler.reconcile('q');
  expect(written).toHaveLength(1);
});

it('tells of what it wrote once', async () => {
  const { reconciler, clock, queues, told } = reconcilerOf({ figures: figures(0) });
  await reconciler.reconcile('q');
  expect(told).toEqual([]);
  queues.put({
    ...queue,
    metadata: { ...queue.metadata, resourceVersion: '2' },
    spec: { ...queue.spec, stopPolicy: 'hold' },
  });
  clock.advance(1000);
  await reconciler.reconcile('q');
  await reconciler.reconcile('q');
  expect(told).toEqual([
    'GpuQueue q Normal Stopped: stopPolicy is hold: no more jobs are admitted, and those that run go on',
  ]);
});
