import type { FineTuneJob } from '@tuneyard/controller/api';
import { findCondition } from '@tuneyard/controller/api';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Cluster, ControllerProcess } from './cluster.js';
import { jobObject, queueObject, startCluster, startControllerProcess, until } from './cluster.js';
import { JOBS, NAMESPACES, PODS, QUEUES } from './kinds.js';

let cluster: Cluster;
let controller: ControllerProcess;

beforeAll(async () => {
  cluster = await startCluster();
  await cluster.addNode('gpu-0', 4);
  controller = await startControllerProcess(cluster.kubeconfig);
  const priorityClasses = [
    { name: 'nightly', value: -10 },
    { name: 'urgent', value: 100, namespaces: ['leads'] },
  ];
  await cluster.client.create(QUEUES, queueObject('plain', 4));
  await cluster.client.create(QUEUES, queueObject('classed', 4, { priorityClasses }));
});

afterEach(async () => {
  for (const job of (await cluster.client.list(JOBS)).items) await cluster.client.delete(JOBS, job.metadata);
  await until('no pods are left', async () => (await cluster.client.list(PODS)).items.length === 0);
});

afterAll(async () => {
  await controller.stop();
  await cluster.close();
});

const submit = (name: string, spec: object) => cluster.client.create(JOBS, jobObject(name, spec));
const statusOf = async (name: string) =>
  (await cluster.client.get<FineTuneJob>(JOBS, { name, namespace: 'default' })).status ?? {};
const waits = (name: string, reason: string) =>
  until(`${name} waits for ${reason}`, async () => {
    const { queue } = await statusOf(name);
    return queue?.reason === reason ? queue.message : undefined;
  });
const admitted = (name: string) =>
  until(`${name} is admitted`, async () => {
    const status = await statusOf(name);
    return findCondition(status.conditions, 'Admitted')?.status === 'True' ? status : undefined;
  });

describe('a job that names no queue', () => {
  it('waits with the way out, and goes to the default queue of its namespace once that is named', async () => {
    await submit('nameless', { queueName: undefined });
    expect(await waits('nameless', 'QueueNotFound')).toBe(
      'the job names no queue, and namespace default has no label tuneyard.dev/default-queue: set spec.queueName, or the label',
    );
    const label = (queue: string | null) =>
      cluster.client.mergePatch(
        NAMESPACES,
        { name: 'default' },
        { metadata: { labels: { 'tuneyard.dev/default-queue': queue } } },
      );
    await label('plain');
    const { queueName, placement } = await admitted('nameless');
    expect({ queueName, counted: placement?.queueName }).toEqual({ queueName: 'plain', counted: 'plain' });
    // Another default is for jobs to come.
    await label('classed');
    await submit('later', { queueName: undefined });
    expect((await admitted('later')).queueName).toBe('classed');
    expect((await statusOf('nameless')).queueName).toBe('plain');
    await label(null);
  });
});

describe('priority classes', () => {
  it('are for the namespaces that they list', async () => {
    await submit('sneaky', { queueName: 'classed', priority: 1_000_000_000 });
    expect(await waits('sneaky', 'PriorityNotAllowed')).toContain('namespace default may use nightly (-10)');
    await submit('leader', { queueName: 'classed', priorityClassName: 'urgent' });
    expect(await waits('leader', 'PriorityNotAllowed')).toContain('is not for namespace default');
    await submit('owl', { queueName: 'classed', priorityClassName: 'nightly' });
    await admitted('owl');
  });

  it('of a queue without any are refused', async () => {
    await submit('lost', { queueName: 'plain', priorityClassName: 'nightly' });
    expect(await waits('lost', 'PriorityNotAllowed')).toContain('leave spec.priorityClassName out');
  });
});
