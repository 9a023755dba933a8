import type { FineTuneJobStatus, JobReason } from '../api/index.js';
import { findCondition } from '../api/index.js';
import type { JobFacts } from './facts.js';
import type { Gang } from './gang.js';
import { rfc3339 } from './next-status.js';
import { workerName } from './worker-name.js';
import { whyNameTaken, whyNotRunning, whyRefused } from './why-not-ready.js';
import type { Obstacle } from './why-not-ready.js';

/** Pods that were just deleted may still take the room of the node for so long. */
const MOVE_AFTER_MS = 10_000;
/** A quota may be raised or given back meanwhile. */
const QUEUE_AFTER_MS = 10_000;
/** How long a node that refused a worker is avoided. */
const AVOID_MS = 15 * 60_000;
const MAX_REFUSED_NODES = 32;
const MAX_REASON = 256;
const MAX_TOLD = 3;

type RefusedNodes = NonNullable<FineTuneJobStatus['refusedNodes']>;

/** Why workers of the gang do not come up, by index; those that are lost are left out. */
export function obstaclesOf(facts: JobFacts, gang: Gang, lost: readonly number[]): Obstacle[] {
  const { job, now } = facts;
  const leaving = gang.stale.filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
  return gang.placement.nodes.flatMap((_, index) => {
    if (lost.includes(index)) return [];
    const foreign = facts.foreign?.get(index);
    const refusal = facts.refusals?.get(index);
    const name = workerName(job.metadata.name, index);
    const pod = gang.workers.get(index) ?? leaving.find(({ metadata }) => metadata.name === name);
    const verdict =
      pod !== undefined
        ? whyNotRunning(pod, now, facts.warnings?.get(pod.metadata.uid ?? ''))
        : foreign !== undefined
          ? whyNameTaken(foreign, job.metadata.name, now)
          : refusal === undefined
            ? undefined
            : whyRefused(refusal, now);
    return verdict === undefined ? [] : [{ index, ...verdict }];
  });
}

/** Whether the group of workers has been one in this attempt. */
export const hasBegun = ({ training, job }: JobFacts): boolean =>
  (training?.generation ?? 0) > 0 ||
  (findCondition(job.status?.conditions, 'Training')?.status ?? 'False') !== 'False';

/** When waiting for it is over, in milliseconds since the epoch. */
export function givenUpAt(obstacle: Obstacle, facts: JobFacts): number {
  if (obstacle.class === 'move') return obstacle.since + MOVE_AFTER_MS;
  const isRefused = obstacle.class === 'queue' || obstacle.class === 'fail';
  if (isRefused) return obstacle.since + QUEUE_AFTER_MS;
  return obstacle.since + (facts.resolved?.runPolicy.workersReadySeconds ?? 600) * 1000;
}

/** Such as: "worker 0: CreateContainerConfigError: secret "absent" not found". */
export function describeObstacles(obstacles: readonly Obstacle[]): string {
  const byMessage = new Map<string, number[]>();
  for (const { message, index } of obstacles)
    byMessage.set(message, [...(byMessage.get(message) ?? []), index]);
  const told = [...byMessage].slice(0, MAX_TOLD).map(([message, indices]) => {
    const few = indices.slice(0, 8).join(', ');
    const more = indices.length > 8 ? ` and ${indices.length - 8} more` : '';
    return `worker${indices.length === 1 ? '' : 's'} ${few}${more}: ${message.slice(0, 400)}`;
  });
  if (byMessage.size > MAX_TOLD) told.push(`and ${byMessage.size - MAX_TOLD} other reasons`);
  return told.join('; ');
}

/** The most serious of them speaks for the condition. */
export function reasonOf(obstacles: readonly Obstacle[]): JobReason {
  const order = ['fail', 'queue', 'move', 'wait'] as const;
  const [first] = [...obstacles].sort((a, b) => order.indexOf(a.class) - order.indexOf(b.class));
  return first?.reason ?? 'WaitingForWorkers';
}

/** Remembers nodes that did not take a worker, for the next placements. */
export function rememberRefusals(
  facts: JobFacts,
  gang: Gang,
  obstacles: readonly Obstacle[],
): Pick<FineTuneJobStatus, 'refusedNodes'> {
  const { job, now } = facts;
  const nodes = new Map<string, RefusedNodes[number]>();
  for (const known of job.status?.refusedNodes ?? []) if (isRecent(known, now)) nodes.set(known.node, known);
  for (const { index, message, isOfNode } of obstacles) {
    const node = gang.placement.nodes[index];
    if (!isOfNode || node === undefined) continue;
    nodes.delete(node);
    nodes.set(node, { node, reason: message.slice(0, MAX_REASON), time: rfc3339(now) });
  }
  if (nodes.size === 0) return {};
  return { refusedNodes: [...nodes.values()].slice(-MAX_REFUSED_NODES) };
}

const isRecent = ({ time }: RefusedNodes[number], now: number) => now - Date.parse(time) < AVOID_MS;

/** Nodes to avoid for now, and until when that stays so. */
export function refusedNodesOf(
  status: FineTuneJobStatus | undefined,
  now: number,
): { readonly nodes: readonly string[]; readonly until: number | undefined } {
  const recent = (status?.refusedNodes ?? []).filter((known) => isRecent(known, now));
  if (recent.length === 0) return { nodes: [], until: undefined };
  return {
    nodes: recent.map(({ node }) => node),
    until: Math.min(...recent.map(({ time }) => Date.parse(time))) + AVOID_MS,
  };
}
