import { readdirSync, readFileSync } from 'node:fs';
import type { GpuQueue } from '@tuneyard/controller/api';
import type { KubeObject } from '@tuneyard/controller/kube';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tuneyard } from '../support/run-command.js';
import { queueObject, until } from './controller/cluster.js';
import { JOBS, PODS, QUEUES } from './controller/kinds.js';
import { startTrainingCluster, type TrainingCluster } from './training-cluster.js';

let cluster: TrainingCluster;
beforeAll(async () => {
  cluster = await startTrainingCluster(['--resize-cooldown', '0'], { 'gpu-0': 4 });
  const { client } = cluster;
  await client.mergePatch(
    QUEUES,
    { name: 'team' },
    { spec: { cohort: 'company', quotas: [{ flavor: 'H100', nominal: 1 }] } },
  );
  await client.create(QUEUES, queueObject('others', 3, { cohort: 'company' }));
});
afterAll(() => cluster.close());

const NAME = 'use-elastic';
const POD = { name: `${NAME}-worker-0`, namespace: 'default' };

/** Sends a signal to the processes of the pod. */
function signalPod(signal: 'SIGSTOP' | 'SIGCONT'): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
    if (environmentOf(pid).includes(`TUNEYARD_MEMBER_ID=${POD.name}`)) process.kill(Number(pid), signal);
}

/** Empty for a process that is gone or another user's. */
function environmentOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/** Used and borrowed H100 of the queue, wherever they are told. */
async function places(): Promise<Record<string, unknown>> {
  const { status } = await cluster.client.get<GpuQueue>(QUEUES, { name: 'team' });
  const kubeconfig = ['--kubeconfig', cluster.kubeconfig];
  const queues = (await tuneyard('queues', ...kubeconfig)).stdout;
  const top = (await tuneyard('top', ...kubeconfig)).stdout;
  const metrics = await (await fetch(`${cluster.controller.metricsUrl}/metrics`)).text();
  const [usage] = status?.usage ?? [];
  const figure = (text: string, pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? 0);
  return {
    status: usage?.used,
    ending: usage?.ending,
    summary: status?.summary,
    queues: [
      figure(queues, /^team +company +H100 +1 +(\d+)/m),
      figure(queues, /^team +company +H100 +1 +\d+ +(\d+)/m),
    ],
    top: figure(top, /^default +use-elastic +team +(\d+)/m),
    metric: figure(metrics, /^tuneyard_queue_used_gpus\{queue="team",flavor="H100"\} (\d+)$/m),
  };
}

/** Waits until the status says so many; then every other place has to say the same. */
async function expectUse(used: number, ending: number): Promise<void> {
  await until(
    `the status of the queue says ${used}`,
    async () => {
      const { status } = await cluster.client.get<GpuQueue>(QUEUES, { name: 'team' });
      return status?.usage?.[0]?.used === used && status.usage[0].ending === ending;
    },
    30_000,
  );
  expect(await places()).toEqual({
    status: used,
    ending,
    summary: `H100 ${used}/1${ending === 0 ? '' : ` (${ending} ending)`}`,
    queues: [used, Math.max(0, used - 1)],
    top: used,
    metric: used,
  });
}

const scale = (workers: number) =>
  cluster.client.mergePatch(
    JOBS,
    { name: NAME, namespace: 'default' },
    { spec: { workers: { min: 1, max: workers } } },
  );

/** Generations that the first worker has begun, by cause. */
async function generations(): Promise<Record<string, number>> {
  const kubeconfig = ['--kubeconfig', cluster.kubeconfig];
  const { stdout } = await tuneyard('logs', NAME, ...kubeconfig);
  const [, url = ''] = /-worker-0 .*"url":"([^"]+)"/.exec(stdout) ?? [];
  const text = await (await fetch(url)).text();
  const found = text.matchAll(/^tuneyard_trainer_generations_total\{cause="(\w+)".*\} (\d+)$/gm);
  return Object.fromEntries([...found].map(([, cause = '', count]) => [cause, Number(count)]));
}

async function expectReserved(gpus: number): Promise<void> {
  const { status } = await cluster.job(NAME);
  const reserved = status?.conditions?.find(({ type }) => type === 'QuotaReserved');
  expect(reserved?.message).toBe(`${gpus} H100 of queue team`);
}

it('a queue’s use is the same everywhere while its job grows, shrinks and is cancelled with a slow pod', async () => {
  await cluster.submit(NAME, {
    training: { steps: 1_000_000, batchSize: 4, microBatchSize: 1 },
    workers: { min: 1, max: 1 },
  });
  const trains = (workers: number) =>
    cluster.jobWhen(
      NAME,
      `trains with ${workers}`,
      ({ status }) => status?.workers?.ready === workers && status.placement?.nodes.length === workers,
    );
  await trains(1);
  await expectUse(1, 0);
  await scale(3);
  await trains(3);
  await expectUse(3, 0);
  await expectReserved(3);
  await scale(1);
  await trains(1);
  // Workers that leave as was decided are not lost ones.
  const { lost, resized = 0 } = await generations();
  expect([lost, resized > 0]).toEqual([0, true]);
  await expectUse(1, 0);
  await expectReserved(1);

  // As a worker that does not hear that it is to end.
  signalPod('SIGSTOP');
  expect((await tuneyard('cancel', NAME, '-y', '--kubeconfig', cluster.kubeconfig)).code).toBe(0);
  await expectUse(1, 1);
  signalPod('SIGCONT');
  await until('the pod is gone', async () => {
    const { items } = await cluster.client.list<KubeObject>(PODS, { namespace: 'default' });
    return items.every(({ metadata }) => metadata.name !== POD.name);
  });
  await expectUse(0, 0);
}, 180_000);
