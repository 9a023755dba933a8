import type { PoolNode } from '../pool/index.js';
import type { QueueState } from '../queueing/index.js';
import { backlogOf } from '../queueing/index.js';
import type { Plan } from './plan.js';
import { runningJobsOf } from './running-jobs.js';
import type { PendingJob, RunningJob, Snapshot } from './snapshot.js';

/** Builders of what a cycle decides from, for tests. */

export const GPU = 'nvidia.com/gpu';

/** A node with so many GPUs, of which `used` are taken. */
export const node = (
  name: string,
  gpus: number,
  used = 0,
  more: Partial<PoolNode> & { flavor?: string; memoryBytes?: number; leaving?: number } = {},
): PoolNode => {
  const { flavor = 'H100', memoryBytes, leaving, ...rest } = more;
  return {
    name,
    labels: {},
    taints: [],
    gpus: [{ flavor, resource: GPU, allocatable: gpus, used, memoryBytes, leaving }],
    unavailable: undefined,
    domains: { node: name, nvlink: name, rack: '', zone: '' },
    ...rest,
  };
};

export const queue = (name: string, nominal: number, more: Partial<QueueState> = {}): QueueState => ({
  name,
  quotas: [{ flavor: 'H100', nominal }],
  weight: 1,
  stopPolicy: 'none',
  ...more,
});

let age = 0;
/** A waiting job, younger than all before. */
export const job = (key: string, more: Partial<PendingJob> = {}): PendingJob => ({
  key,
  namespace: 'default',
  priority: 0,
  createdAt: age++,
  queueName: 'q',
  min: 1,
  max: Math.max(1, more.min ?? 1),
  gpusPerWorker: 1,
  needs: { nodeSelector: {}, tolerations: [] },
  ...more,
});

/** A running job with a worker on each of the nodes. */
export const running = (
  key: string,
  nodes: readonly string[],
  more: Partial<RunningJob> = {},
): RunningJob => ({
  ...job(key, { min: nodes.length }),
  flavor: 'H100',
  resource: GPU,
  nodes,
  startedAt: 0,
  ...more,
});

export const snapshot = (
  nodes: readonly PoolNode[],
  queues: readonly QueueState[],
  pending: readonly PendingJob[],
  held: readonly RunningJob[] = [],
  now = 0,
): Snapshot => ({
  now,
  pool: { nodes },
  queues: new Map(queues.map((entry) => [entry.name, entry])),
  namespaces: new Map([['default', {}]]),
  pending: backlogOf(pending),
  running: runningJobsOf(held),
});

export const why = (plan: Plan, key: string) => [...plan.waiting].find((waiting) => waiting.key === key);
export const where = (plan: Plan, key: string) =>
  plan.admissions.find((admission) => admission.key === key)?.nodes;
export const repeat = (name: string, count: number): string[] => Array<string>(count).fill(name);
