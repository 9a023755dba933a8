import type { JobReason } from '../api/index.js';
import type { ContainerState, PodObject } from '../pool/index.js';
import { isWarningOfNode } from './pod-warning.js';
import type { PodWarning } from './pod-warning.js';

/**
 * What follows from a worker that does not come up.
 * `wait`: it may come up by itself, or once somebody makes what it misses; it is given up after workersReadySeconds.
 * `move`: its node does not take it; another one may. `queue`: no node helps now, so that its job must not hold GPUs.
 * `fail`: it can never be a pod. What ended by itself counts for backoffLimit, and is told by failure.ts.
 */
export type ObstacleClass = 'wait' | 'move' | 'queue' | 'fail';

/** Why one worker does not come up. */
export interface Obstacle {
  readonly index: number;
  readonly class: ObstacleClass;
  readonly reason: JobReason;
  /** In the words of whoever refused it. */
  readonly message: string;
  /** Since when, in milliseconds since the epoch. */
  readonly since: number;
  /** Another node may do better, so that this one is remembered. */
  readonly isOfNode: boolean;
}

/** The API server did not take the pod of a worker. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
  /** First and last time, in milliseconds since the epoch. */
  readonly since: number;
  readonly at: number;
  readonly count: number;
}

type Verdict = Omit<Obstacle, 'index'>;

/** Containers that wait for these can never start: the image is no name, or is not to be pulled. */
const HOPELESS: ReadonlySet<string> = new Set(['InvalidImageName']);
/** Somebody has to make what is missing; it would be missing on any node. */
const OF_CONFIGURATION: ReadonlySet<string> = new Set(['CreateContainerConfigError', 'InvalidImageName']);
/** An agent that refuses a pod which was bound to its node ends it with one of these. */
const REJECTION =
  /^(OutOf.+|NodeAffinity|NodePorts|NodeName|NodeShutdown|NodeUnschedulable|TaintToleration|UnexpectedAdmissionError|UnknownAdmissionError|TopologyAffinityError|Preempting|PodOSNotSupported|AppArmor|SysctlForbidden|InitContainerRestartForbidden|.*Unschedulable)$/;

/** What the scheduler says of volumes that no node can have. */
const NO_CLAIM = /persistentvolumeclaim "[^"]*" (?:not found|is being deleted)/;
const UNBOUND_CLAIM = /unbound immediate PersistentVolumeClaims/i;

/** While a container has been made for less than this, nothing is worth saying. */
const PREPARING_MS = 30_000;
/** A pod that was just made has not been looked at by the scheduler. */
const UNSEEN_MS = 10_000;
/** The agent of a node ends a pod by the end of its grace period. */
const OVERDUE_MS = 5_000;
/** A controller whose rights an API server has not loaded yet is refused for about a second. */
const LOADING_MS = 10_000;

/** Of the controller itself, not of the job: its rights are missing, or not loaded yet. */
export const isForbiddenToController = ({ status, message }: Pick<Refusal, 'status' | 'message'>) =>
  status === 403 && /User ".*" cannot \w+ resource/.test(message);

/** The namespace goes, and the job with it. */
const isLeavingNamespace = (message: string) => message.includes('because it is being terminated');

/** Why the API server did not take a pod; undefined = nothing worth saying yet. */
export function whyRefused(refusal: Refusal, now: number): Verdict | undefined {
  const { status, message, since } = refusal;
  const verdict = { reason: 'WorkerRefused', message, since, isOfNode: false } as const;
  if (isForbiddenToController(refusal)) {
    if (now - since < LOADING_MS) return undefined;
    return { ...verdict, class: 'wait', message: `the controller may not create pods: ${message}` };
  }
  // Something that the workers need has a name that is taken; somebody has to act, and no GPU need wait for it.
  if (status === 409) return { ...verdict, class: 'queue', reason: 'WorkerNameTaken' };
  if (status === 403) return { ...verdict, class: isLeavingNamespace(message) ? 'wait' : 'queue' };
  return { ...verdict, class: status === 404 ? 'wait' : 'fail' };
}

/** A pod that is not of this job has the name of the worker. */
export function whyNameTaken({ metadata }: PodObject, jobName: string, now: number): Verdict {
  const { name, deletionTimestamp, ownerReferences = [] } = metadata;
  const isOfNamesake = ownerReferences.some(
    (owner) => owner.kind === 'FineTuneJob' && owner.name === jobName,
  );
  const message = isOfNamesake
    ? `pod ${name} of an earlier job of this name is still there${keptBy(metadata)}`
    : `pod ${name}, which is not of this job, has the name of its worker: delete that pod or rename the job`;
  const since = Date.parse(deletionTimestamp ?? metadata.creationTimestamp ?? '') || now;
  return { class: 'wait', reason: 'WorkerNameTaken', message, since, isOfNode: false };
}

/**
 * Why the pod of a worker does not run; undefined = it runs, or may do so soon, or has ended by itself.
 * @param warning what was said about the pod, if it is silent itself
 */
export function whyNotRunning(pod: PodObject, now: number, warning?: PodWarning): Verdict | undefined {
  const { metadata, spec, status } = pod;
  const created = Date.parse(metadata.creationTimestamp ?? '') || now;
  if (metadata.deletionTimestamp !== undefined) return whyLingering(pod, now);
  if (status?.phase === 'Failed') return whyRejected(pod);
  if (status?.phase === 'Succeeded') return undefined;
  if (status?.phase === 'Running') return undefined;
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const waiting = containers.map(({ state }) => state?.waiting).find(isTelling);
  if (waiting !== undefined) return whyWaiting(waiting, created);
  if ((spec?.nodeName ?? '') === '') return whyUnbound(pod, created, now);
  if (warning !== undefined) {
    const message = `${warning.reason}: ${warning.message}`;
    return {
      class: 'wait',
      reason: 'WorkerNotStarting',
      message,
      since: created,
      isOfNode: isWarningOfNode(warning),
    };
  }
  if (now - created < PREPARING_MS) return undefined;
  return {
    class: 'wait',
    reason: 'WorkerNotStarting',
    message: `its node prepares volumes, network and image and has not said why it takes long: see kubectl describe pod ${metadata.name}`,
    since: created,
    isOfNode: true,
  };
}

type Waiting = NonNullable<ContainerState['waiting']>;

/** What every container goes through says nothing. */
const isTelling = (waiting: ContainerState['waiting']): waiting is Waiting =>
  waiting?.reason !== undefined && !['ContainerCreating', 'PodInitializing', ''].includes(waiting.reason);

function whyWaiting({ reason = '', message = '' }: Waiting, since: number): Verdict {
  return {
    class: HOPELESS.has(reason) ? 'fail' : 'wait',
    reason: 'WorkerNotStarting',
    message: message === '' ? reason : `${reason}: ${message}`,
    since,
    isOfNode: !OF_CONFIGURATION.has(reason),
  };
}

function whyUnbound({ metadata, status }: PodObject, created: number, now: number): Verdict | undefined {
  const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  const verdict = { reason: 'WorkerUnschedulable', since: created } as const;
  if (scheduled?.status === 'False' && scheduled.reason === 'SchedulingGated')
    return {
      ...verdict,
      class: 'wait',
      isOfNode: false,
      message: `pod ${metadata.name} has scheduling gates`,
    };
  if (scheduled?.status === 'False') {
    const { reason = 'Unschedulable', message = '' } = scheduled;
    const words = message === '' ? reason : message;
    // A claim is missing, or is being bound, wherever the pod goes.
    if (NO_CLAIM.test(message)) return { ...verdict, class: 'queue', isOfNode: false, message: words };
    if (UNBOUND_CLAIM.test(message)) return { ...verdict, class: 'wait', isOfNode: false, message: words };
    return { ...verdict, class: 'move', isOfNode: true, message: words };
  }
  if (now - created < UNSEEN_MS) return undefined;
  const message = `no scheduler has looked at pod ${metadata.name} yet`;
  return { ...verdict, class: 'wait', isOfNode: false, message };
}

/** Refused by the agent of its node before anything ran. */
function whyRejected({ status }: PodObject): Verdict | undefined {
  const { reason = '', message = '', containerStatuses = [] } = status ?? {};
  const hasRun = containerStatuses.some(({ state }) => state?.terminated !== undefined);
  if (hasRun || !REJECTION.test(reason)) return undefined;
  const words = message === '' ? reason : `${reason}: ${message}`;
  return {
    class: 'move',
    reason: 'WorkerUnschedulable',
    message: words,
    since: 0,
    isOfNode: true,
  };
}

/** Is being deleted; worth telling when that takes too long, since its successor has the same name. */
function whyLingering({ metadata }: PodObject, now: number): Verdict | undefined {
  const since = Date.parse(metadata.deletionTimestamp ?? '') || now;
  const kept = keptBy(metadata);
  if (kept === '' && now <= since + OVERDUE_MS) return undefined;
  const message = `pod ${metadata.name} is being deleted and still there${kept}`;
  return { class: 'wait', reason: 'WorkerNameTaken', message, since, isOfNode: false };
}

const keptBy = ({ finalizers = [] }: PodObject['metadata']): string =>
  finalizers.length === 0 ? '' : `, kept by its finalizer ${finalizers.join(', ')}`;
