import type { FineTuneJob, ResolvedSpec } from '../api/index.js';
import { findCondition, isTrue, MANAGED_BY, waysToFit } from '../api/index.js';
import { keyOf } from '../kube/index.js';
import { DEFAULT_POLICY } from '../scheduling/index.js';
import type { Admission, Gang, PendingJob, Resize, RunningJob } from '../scheduling/index.js';
import { refusedNodesOf } from './obstacles.js';
import { nodeNeedsOf, requestsOfWorker } from './worker-pod.js';

type Resolution = ResolvedSpec | { readonly invalid: string };

/** What was decided of a job and its object does not show yet. */
export interface Undone {
  readonly admission: Admission | undefined;
  readonly resize: Resize | undefined;
  /** It was told to give its GPUs back. */
  readonly isEvicted: boolean;
}

/** A job as the scheduler sees it. */
export type SnapshotEntry =
  | {
      readonly kind: 'pending';
      readonly job: PendingJob;
      /** When it will look different without any change of its object, in ms. */
      readonly until?: number | undefined;
    }
  | { readonly kind: 'running'; readonly job: RunningJob };

/** Whether the job is this controller's and not over yet; the others are none of the scheduler's business. */
export const isScheduled = ({ spec, status }: FineTuneJob) =>
  spec.managedBy === MANAGED_BY &&
  !isTrue(status?.conditions, 'Complete') &&
  !isTrue(status?.conditions, 'Failed');

/** How a job that {@link isScheduled} stands; undefined when it neither waits nor holds GPUs, being deleted. */
export function snapshotEntry(
  job: FineTuneJob,
  gang: Gang,
  resolved: Resolution,
  undone: Undone,
  now: number,
): SnapshotEntry | undefined {
  const { conditions, placement } = job.status ?? {};
  const refused = refusedNodesOf(job.status, now);
  const avoidNodes = refused.nodes.length === 0 ? {} : { avoidNodes: refused.nodes };
  const held = isTrue(conditions, 'Admitted') ? placement : undone.admission;
  if (held !== undefined) {
    const nodes = undone.resize?.nodes ?? held.nodes;
    const { flavor, resource } = held;
    // What it holds counts as admitted, whatever its spec says by now.
    const { gpusPerWorker = gang.gpusPerWorker, queueName = gang.queueName } = isTrue(conditions, 'Admitted')
      ? (placement ?? {})
      : {};
    return {
      kind: 'running',
      job: {
        ...gang,
        ...avoidNodes,
        ...runningPart(job, resolved, now, undone.isEvicted),
        flavor,
        resource,
        nodes,
        gpusPerWorker,
        queueName,
        // Those that were given another node count as there, before their status says so.
        lost: placement?.lost?.filter((index) => nodes[index] === placement.nodes[index]),
      },
    };
  }
  if (job.metadata.deletionTimestamp !== undefined) return undefined;
  const requeueAt = time(job.status?.requeueAt);
  return {
    kind: 'pending',
    job: { ...gang, ...avoidNodes, ...pendingPart(job, resolved, now) },
    until: requeueAt !== undefined && requeueAt > now ? requeueAt : refused.until,
  };
}

/** What the job asks for. It depends on nothing but the metadata and the spec. */
export function gangOf(job: FineTuneJob, resolved: Resolution): Gang {
  const base = {
    key: keyOf(job),
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
    priority: resolved.priority ?? job.spec.priority,
    min,
    max,
    gpusPerWorker,
    bytesPerGpu: resolved.memory?.bytesPerGpu,
    waysToFit: resolved.memory && waysToFit(resolved),
    needs: nodeNeedsOf(job),
    requests: requestsOfWorker(job, gpusPerWorker, resolved.memory?.hostBytes),
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
    held: refusedPriority(resolved) ?? heldBack(job, now),
    // What an earlier attempt measured; nothing is known of a job that never ran.
    ...(step > 0 && used !== undefined ? { gpuSeconds: (used / step) * Math.max(0, totalSteps - step) } : {}),
  };
}

/** When the job started, saved and will end, and by when it gives its GPUs back if it was told to. */
function runningPart(
  { status }: FineTuneJob,
  resolved: Resolution,
  now: number,
  isEvicted: boolean,
): Pick<RunningJob, 'startedAt' | 'checkpointedAt' | 'estimatedEnd' | 'graceMs' | 'givesBackBy'> {
  const graceMs =
    'invalid' in resolved ? DEFAULT_POLICY.releaseMs : resolved.runPolicy.checkpointGraceSeconds * 1000;
  const asked = findCondition(status?.conditions, 'Checkpointing');
  const isAsked = asked?.status === 'True';
  return {
    startedAt: time(status?.placement?.time) ?? now,
    checkpointedAt: time(status?.checkpoint?.time),
    estimatedEnd: time(status?.progress?.estimatedCompletionTime),
    graceMs,
    givesBackBy:
      isAsked || isEvicted
        ? ((isAsked ? time(asked.lastTransitionTime) : undefined) ?? now) + graceMs
        : undefined,
  };
}

const time = (text: string | undefined) => (text === undefined ? undefined : Date.parse(text) || undefined);

const refusedPriority = ({ priorityRefused }: ResolvedSpec): PendingJob['held'] =>
  priorityRefused === undefined ? undefined : { reason: 'PriorityNotAllowed', message: priorityRefused };

function heldBack(job: FineTuneJob, now: number): PendingJob['held'] {
  if (job.spec.suspend)
    return { reason: 'Suspended', message: 'spec.suspend is true: set it to false to let the job run' };
  const requeueAt = job.status?.requeueAt;
  if (requeueAt !== undefined && Date.parse(requeueAt) > now) {
    const evicted = findCondition(job.status?.conditions, 'Evicted');
    const because = evicted?.reason === 'WorkersNotReadyInTime' ? ` (${evicted.message.slice(0, 800)})` : '';
    return {
      reason: 'BackingOff',
      message: `its workers did not get ready last time${because}; it is looked at again at ${requeueAt}`,
    };
  }
  return undefined;
}
