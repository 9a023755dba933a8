import { expect, test } from 'vitest';
import * as api from './index.js';

test('the module for tests from outside exports every name that was promised', () => {
  const promised = {
    functions: [
      'addGpuNode',
      'confirmDeletions',
      'installDefinitions',
      'jobObject',
      'queueObject',
      'renderChart',
      'reportPod',
      'speakFor',
      'startCluster',
      'startControllerProcess',
      'startTrainingCluster',
      'until',
      'writeTinyModel',
      'FakeWorker',
    ],
    kinds: [
      'DEFINITIONS',
      'EVENTS',
      'JOBS',
      'LIMIT_RANGES',
      'NAMESPACES',
      'NODES',
      'PODS',
      'POLICIES',
      'POLICY_BINDINGS',
      'QUEUES',
      'QUOTAS',
      'SECRETS',
    ],
  };
  const exported = api as unknown as Readonly<Record<string, unknown>>;
  expect(promised.functions.filter((name) => typeof exported[name] !== 'function')).toEqual([]);
  expect(
    promised.kinds.filter((name) => typeof (exported[name] as { plural?: unknown }).plural !== 'string'),
  ).toEqual([]);
});

test('objects of jobs and queues stand as tests from outside write them', () => {
  expect(api.jobObject('a', { workers: { min: 1, max: 1 } })).toMatchObject({
    kind: 'FineTuneJob',
    metadata: { name: 'a', namespace: 'default' },
    spec: { queueName: 'team', workers: { min: 1, max: 1 } },
  });
  expect(api.queueObject('team', 8, { cohort: 'all' })).toMatchObject({
    kind: 'GpuQueue',
    metadata: { name: 'team' },
    spec: { cohort: 'all', quotas: [{ flavor: 'H100', nominal: 8 }] },
  });
});

test('earlier places of these helpers stay importable', async () => {
  const [cluster, kinds, worker, kubelet] = await Promise.all([
    import('../e2e/controller/cluster.js'),
    import('../e2e/controller/kinds.js'),
    import('../e2e/controller/fake-worker.js'),
    import('../e2e/controller/kubelet.js'),
  ]);
  expect(cluster.startCluster).toBe(api.startCluster);
  expect(kinds.JOBS).toBe(api.JOBS);
  expect(worker.speakFor).toBe(api.speakFor);
  expect(kubelet.reportPod).toBe(api.reportPod);
});
