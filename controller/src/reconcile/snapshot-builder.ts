import type { FineTuneJob, GpuQueue, ResolvedSpec } from '../api/index.js';
import { findCondition, isTrue, JOB_LABEL, MANAGED_BY, waysToFit, WORKER_INDEX_LABEL } from '../api/index.js';
import type { KubeObject } from '../kube/index.js';
import { keyOf } from '../kube/index.js';
import type { Holding, NodeObject, PodObject } from '../pool/index.js';
import { buildPool } from '../pool/index.js';
import { nodeNeedsOf } from './worker-pod.js';
import type { QueueState } from '../queueing/index.js';
import { backlogOf } from '../queueing/index.js';
import { DEFAULT_POLICY, runningJobsOf } from '../scheduling/index.js';
import type { Admission, Gang, PendingJob, Resize, RunningJob, Snapshot } from '../scheduling/index.js';

/** The cluster as objects, from which a snapshot is built. */
export interface ClusterView {
  readonly jobs: readonly FineTuneJob[];
  readonly queues: readonly GpuQueue[];
  readonly nodes: readonly NodeObject[];
  readonly pods: readonly PodObject[];
  readonly namespaces: readonly KubeObject[];
  /** Admissions that are decided but not in the cache yet, by job key. */
  readonly assumed: ReadonlyMap<string, Admission>;
  /** Decided changes in the number of workers that are not in the cache yet, by job key. */
  readonly resizes: ReadonlyMap<string, Resize>;
  /** Jobs that were told to give their GPUs back, by key. */
  readonly evicting: ReadonlySet<string>;
  /** The resolved spec, or why it is invalid. */
  readonly resolve: (job: FineTuneJob) => ResolvedSpec | { readonly invalid: string };
  readonly now: number;
}

/** Turns objects into what the scheduler decides from. Pure, but for the memory of `resolve`. */
export function buildSnapshot(view: ClusterView): Snapshot {
  const pending: PendingJob[] = [];
  const running: RunningJob[] = [];
  const holdings: Holding[] = [];
  /** Node of each worker of the jobs that hold GPUs. */
  const holders = new Map<string, readonly string[]>();
  for (const job of view.jobs) {
    if (job.spec.managedBy !== MANAGED_BY) continue;
    const { conditions, placement } = job.status ?? {};
    if (isTrue(conditions, 'Complete') || isTrue(conditions, 'Failed')) continue;
    const key = keyOf(job);
    const resolved = view.resolve(job);
    const held = isTrue(conditions, 'Admitted') ? placement : view.assumed.get(key);
    const gang = gangPart(job, key, resolved);
    if (held !== undefined) {
      const nodes = view.resizes.get(key)?.nodes ?? held.nodes;
      holdings.push({ resource: held.resource, gpusPerWorker: gang.gpusPerWorker, nodes });
      holders.set(key, nodes);
      running.push({
        ...gang,
        ...runningPart(job, view, view.evicting.has(key)),
        flavor: held.flavor,
        resource: held.resource,
        nodes,
        // Those that were given another node count as there, before their status says so.
        lost: placement?.lost?.filter((index) => nodes[index] === placement.nodes[index]),
      });
    } else if (job.metadata.deletionTimestamp === undefined) {
      pending.push({ ...gang, ...pendingPart(job, resolved, view.now) });
    }
  }
  const isWorker = ({ metadata, spec }: PodObject) => {
    const nodes = holders.get(`${metadata.namespace}/${metadata.labels?.[JOB_LABEL]}`);
    return nodes !== undefined && nodes[Number(metadata.labels?.[WORKER_INDEX_LABEL])] === spec?.nodeName;
  };
  // A pod of a job that no longer holds its place is ended soon.
  const isLeaving = ({ metadata }: PodObject) =>
    metadata.deletionTimestamp !== undefined || metadata.labels?.[JOB_LABEL] !== undefined;
  return {
    now: view.now,
    pool: buildPool(view.nodes, view.pods, holdings, isWorker, isLeaving),
    queues: new Map(view.queues.map((queue) => [queue.metadata.name, queueState(queue)])),
    namespaces: new Map(view.namespaces.map(({ metadata }) => [metadata.name, metadata.labels ?? {}])),
    pending: backlogOf(pending),
    running: runningJobsOf(running),
  };
}

type Resolution = ResolvedSpec | { readonly invalid: string };

/** What jobs ask for, made once for every version of their objects: cycles are many, changes are few. */
const gangs = new WeakMap<FineTuneJob, { readonly resolved: Resolution; readonly gang: Gang }>();

function gangPart(job: FineTuneJob, key: string, resolved: Resolution): Gang {
  const known = gangs.get(job);
  if (known?.resolved === resolved) return known.gang;
  const gang = gangOf(job, key, resolved);
  gangs.set(job, { resolved, gang });
  return gang;
}

/** What the job asks for. */
function gangOf(job: FineTuneJob, key: string, resolved: Resolution): Gang {
  const base = {
    key,
    namespace: job.metadata.namespace ?? 'default',
    queueName: job.spec.queueName,
    priority: job.spec.priority,
    createdAt: Date.parse(job.metadata.creationTimestamp ?? '') || 0,
  };
  if ('invalid' in resolved)
    return { ...base, min: 1, max: 1, gpusPerWorker: 1, needs: { nodeSelector: {}, tolerations: [] } };
  const { min, max, gpusPerWorker, topology } = resolved.workers;
  return {
    ...base,
    min,
    max,
    gpusPerWorker,
    bytesPerGpu: resolved.memory?.bytesPerGpu,
    waysToFit: resolved.memory && waysToFit(resolved),
    needs: nodeNeedsOf(job),
    topology:
      topology === undefined
        ? undefined
        : { level: topology.level ?? 'node', mode: topology.mode ?? 'preferred' },
  };
}

function pendingPart(job: FineTuneJob, resolved: Resolution, now: number): Partial<PendingJob> {
  if ('invalid' in resolved) return { held: { reason: 'InvalidSpec', message: resolved.invalid } };
  const { step = 0, totalSteps = 0 } = job.status?.progress ?? {};
  const used = job.status?.gpuSecondsUsed;
  return {
    flavors: resolved.workers.flavors,
    held: heldBack(job, now),
    // What an earlier attempt measured; nothing is known of a job that never ran.
    ...(step > 0 && used !== undefined ? { gpuSeconds: (used / step) * Math.max(0, totalSteps - step) } : {}),
  };
}

/** When the job started, saved and will end, and by when it gives its GPUs back if it was told to. */
function runningPart(
  { status }: FineTuneJob,
  { now }: ClusterView,
  isEvicted: boolean,
): Pick<RunningJob, 'startedAt' | 'checkpointedAt' | 'estimatedEnd' | 'givesBackBy'> {
  const asked = findCondition(status?.conditions, 'Checkpointing');
  const isAsked = asked?.status === 'True';
  return {
    startedAt: time(status?.placement?.time) ?? now,
    checkpointedAt: time(status?.checkpoint?.time),
    estimatedEnd: time(status?.progress?.estimatedCompletionTime),
    givesBackBy:
      isAsked || isEvicted
        ? ((isAsked ? time(asked.lastTransitionTime) : undefined) ?? now) + DEFAULT_POLICY.releaseMs
        : undefined,
  };
}

const time = (text: string | undefined) => (text === undefined ? undefined : Date.parse(text) || undefined);

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
