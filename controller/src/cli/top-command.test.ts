import { expect, test } from 'vitest';
import type { FineTuneJob } from '../api/index.js';
import type { Pod } from './pods.js';
import { rowsOf } from './top-command.js';

const running = (name: string, nodes: readonly string[]): FineTuneJob =>
  ({
    metadata: { name, namespace: 'default' },
    // Was changed since: it holds what it was admitted with.
    spec: { queueName: 'legal', workers: { gpusPerWorker: 8 } },
    status: {
      conditions: [
        { type: 'Admitted', status: 'True', reason: 'Admitted', message: '', lastTransitionTime: '' },
      ],
      placement: { flavor: 'H100', resource: 'nvidia.com/gpu', nodes, time: '', gpusPerWorker: 2 },
      workers: { desired: nodes.length, ready: 1 },
    },
  }) as unknown as FineTuneJob;

const pod = (job: string, index: number, more: object = {}): Pod => ({
  metadata: {
    name: `${job}-worker-${index}`,
    namespace: 'default',
    labels: { 'tuneyard.dev/job': job, 'tuneyard.dev/worker-index': String(index) },
    annotations: { 'tuneyard.dev/queue': 'legal' },
    ownerReferences: [{ apiVersion: '', kind: 'FineTuneJob', name: job, uid: job }],
  },
  spec: { nodeName: 'a', containers: [{ resources: { limits: { 'nvidia.com/gpu': '2' } } }] },
  ...more,
});

test('jobs hold their placement, and the pods that end besides, also when the job is gone', () => {
  const pods = [
    pod('shrunk', 0),
    pod('shrunk', 1),
    pod('shrunk', 2),
    pod('cancelled', 0),
    pod('ended', 0, { status: { phase: 'Succeeded' } }),
    pod('waits', 0, { spec: { containers: [] } }),
    { ...pod('foreign', 0), metadata: { ...pod('foreign', 0).metadata, ownerReferences: [] } },
  ];
  const rows = rowsOf([running('shrunk', ['a'])], pods);
  expect(rows.map(({ name, queue, gpus, ending }) => [name, queue, gpus, ending])).toEqual([
    ['shrunk', 'legal', 6, 4],
    ['cancelled', 'legal', 2, 2],
  ]);
});
