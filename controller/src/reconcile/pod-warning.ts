import type { KubeObject } from '../kube/index.js';
import type { PodObject } from '../pool/index.js';

/**
 * What the agent of a node, or whoever attaches volumes, said about a pod that it cannot start. Only Events tell: the pod's
 * own status says `ContainerCreating` for as long as a volume, the sandbox or the network is missing.
 */
export interface PodWarning {
  /** Such as `FailedMount`. */
  readonly reason: string;
  readonly message: string;
}

/** What is read of an Event. */
export interface EventObject extends KubeObject {
  readonly type?: string | undefined;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly lastTimestamp?: string | null | undefined;
  readonly eventTime?: string | null | undefined;
  readonly series?: { readonly lastObservedTime?: string | undefined } | null | undefined;
}

/** Of the time before the pod had a node, or no reason not to start. */
const BESIDE_THE_POINT: ReadonlySet<string> = new Set(['FailedScheduling', 'DNSConfigForming']);
/** Says that volumes are missing; another event of the same agent says which and why. */
const SUMMARY = /^Unable to attach or mount volumes/;
/** Missing, or held by somebody, on any node. */
const OF_NO_NODE =
  /\b(?:configmap|secret|persistentvolumeclaim|serviceaccount)s?\b.*\bnot found\b|references non-existent (?:secret|config) key|Multi-Attach error/i;

/** The newest warning that tells why a pod does not start; undefined = none does. */
export function startupWarning(events: readonly EventObject[]): PodWarning | undefined {
  const told = events
    .filter(({ type, reason = '' }) => type === 'Warning' && reason !== '' && !BESIDE_THE_POINT.has(reason))
    .toSorted((a, b) => toldAt(b) - toldAt(a));
  const best = told.find(({ message = '' }) => !SUMMARY.test(message)) ?? told[0];
  return best === undefined ? undefined : { reason: best.reason ?? '', message: best.message ?? '' };
}

/** Whether another node may do better with what is warned of. */
export const isWarningOfNode = ({ message }: PodWarning): boolean => !OF_NO_NODE.test(message);

/** A pod that has a node and whose containers say nothing: if anybody knows what it waits for, Events tell. */
export const isSilent = ({ metadata, spec, status }: PodObject): boolean =>
  metadata.deletionTimestamp === undefined &&
  (spec?.nodeName ?? '') !== '' &&
  (status?.phase ?? 'Pending') === 'Pending';

const toldAt = ({ series, lastTimestamp, eventTime, metadata }: EventObject): number =>
  Date.parse(series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '') || 0;
