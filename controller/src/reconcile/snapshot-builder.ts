import type { FineTuneJob, GpuQueue, ResolvedSpec } from '../api/index.js';
import { isTrue, JOB_LABEL, MANAGED_BY } from '../api/index.js';
import type { KubeObject } from '../kube/index.js';
import { keyOf } from '../kube/index.js';
import type { Holding, NodeObject, PodObject } from '../pool/index.js';
import { buildPool } from '../pool/index.js';
import type { QueueState } from '../queueing/index.js';
import type { Admission, PendingJob, RunningJob, Snapshot } from '../scheduling/index.js';

/** The cluster as objects, from which a snapshot is built. */
export interface ClusterView {
  readonly jobs: readonly FineTuneJob[];
  readonly queues: readonly GpuQueue[];
  readonly nodes: readonly NodeObject[];
  readonly pods: readonly PodObject[];
  readonly namespaces: readonly KubeObject[];
  /** Admissions that are decided but not in the cache yet, by job key. */
  readonly assumed: ReadonlyMap<string, Admission>;
  /** The resolved spec, or why it is invalid. */
  readonly resolve: (job: FineTuneJob) => ResolvedSpec | { readonly invalid: string };
  readonly now: number;
}

/** Turns objects into what the scheduler decides from. Pure, but for the memory of `resolve`. */
export function buildSnapshot(view: ClusterView): Snapshot {
  const pending: PendingJob[] = [];
  const running: RunningJob[] = [];
  const holdings: Holding[] = [];
  const holders = new Set<string>();
  for (const job of view.jobs) {
    if (job.spec.managedBy !== MANAGED_BY) continue;
    const { conditions, placement } = job.status ?? {};
    if (isTrue(conditions, 'Complete') || isTrue(conditions, 'Failed')) continue;
    const key = keyOf(job);
    const resolved = view.resolve(job);
    const held = isTrue(conditions, 'Admitted') ? placement : view.assumed.get(key);
    const createdAt = Date.parse(job.metadata.creationTimestamp ?? '') || 0;
    const ordered = { key, priority: job.spec.priority, createdAt };
    if (held !== undefined) {
      const gpusPerWorker = 'invalid' in resolved ? 1 : resolved.workers.gpusPerWorker;
      holdings.push({ resource: held.resource, gpusPerWorker, nodes: held.nodes });
      holders.add(key);
      running.push({
        ...ordered,
        queueName: job.spec.queueName,
        flavor: held.flavor,
        gpusPerWorker,
        nodes: held.nodes,
      });
    } else if (job.metadata.deletionTimestamp === undefined) {
      pending.push({ ...ordered, ...pendingPart(job, resolved, view.now) });
    }
  }
  const isWorker = ({ metadata }: PodObject) => {
    const job = metadata.labels?.[JOB_LABEL];
    return job !== undefined && holders.has(`${metadata.namespace}/${job}`);
  };
  return {
    now: view.now,
    pool: buildPool(view.nodes, view.pods, holdings, isWorker),
    queues: new Map(view.queues.map((queue) => [queue.metadata.name, queueState(queue)])),
    namespaces: new Map(view.namespaces.map(({ metadata }) => [metadata.name, metadata.labels ?? {}])),
    pending,
    running,
  };
}

function pendingPart(
  job: FineTuneJob,
  resolved: ResolvedSpec | { readonly invalid: string },
  now: number,
): Omit<PendingJob, 'key' | 'priority' | 'createdAt'> {
  const { namespace = 'default' } = job.metadata;
  const base = { namespace, queueName: job.spec.queueName };
  if ('invalid' in resolved) {
    return {
      ...base,
      min: 1,
      max: 1,
      gpusPerWorker: 1,
      needs: { nodeSelector: {}, tolerations: [] },
      held: { reason: 'InvalidSpec', message: resolved.invalid },
    };
  }
  const { min, max, gpusPerWorker, flavors, topology } = resolved.workers;
  const { nodeSelector = {}, tolerations = [] } = job.spec.template ?? {};
  return {
    ...base,
    min,
    max,
    gpusPerWorker,
    flavors,
    needs: { nodeSelector, tolerations },
    topology:
      topology === undefined
        ? undefined
        : { level: topology.level ?? 'node', mode: topology.mode ?? 'preferred' },
    held: heldBack(job, now),
  };
}

function heldBack(job: FineTuneJob, now: number): PendingJob['held'] {
  if (job.spec.suspend)
    return { reason: 'Suspended', message: 'spec.suspend is true: set it to false to let the job run' };
  const requeueAt = job.status?.requeueAt;
  if (requeueAt !== undefined && Date.parse(requeueAt) > now) {
    return {
      reason: 'BackingOff',
      message: `its workers did not get ready last time; it is looked at again at ${requeueAt}`,
    };
  }
  return undefined;
}

const queueState = ({ metadata, spec }: GpuQueue): QueueState => ({
  name: metadata.name,
  quotas: spec.quotas,
  cohort: spec.cohort,
  weight: spec.weight,
  stopPolicy: spec.stopPolicy,
  namespaces: spec.namespaces,
  namespaceLabels: spec.namespaceSelector?.matchLabels,
});
