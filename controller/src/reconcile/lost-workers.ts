import type { FineTuneJobStatus } from '../api/index.js';
import type { PodObject } from '../pool/index.js';
import { isTerminated } from '../pool/index.js';
import type { Decision } from './decision.js';
import { lostGpuSeconds } from './end-of-attempt.js';
import type { JobFacts, NodeTrouble } from './facts.js';
import { isRetryable, podFailure } from './failure.js';
import type { Gang } from './gang.js';
import { condition, nextStatus } from './next-status.js';
import { refusedNodesOf, rememberRefusals } from './obstacles.js';
import type { Obstacle } from './why-not-ready.js';
import { workerName } from './worker-name.js';

/** Workers, by index, that cannot come back where they were planned: they need another node. */
export function lostWorkers({ job, training, nodes, now }: JobFacts, { placement, workers }: Gang): number[] {
  const refused = refusedNodesOf(job.status, now).nodes;
  const heard = new Set(training?.members.map(({ memberId }) => memberId));
  const isLost = (trouble: NodeTrouble, index: number): boolean => {
    const pod = workers.get(index);
    const failure = pod === undefined ? undefined : podFailure(pod);
    // What failed on a node that still tells so counts as a failure, and its words are heard.
    if (failure !== undefined) return isRetryable(failure) && trouble !== 'closed';
    if (pod?.status?.phase === 'Succeeded') return false;
    if (trouble === 'gone' || pod === undefined) return true;
    const isUnbound = (pod.spec?.nodeName ?? '') === '';
    if (trouble === 'closed') return isUnbound;
    // The node may be cut off from the API server alone, and its worker train on: then nothing is lost. A coordinator
    // that hears nobody has perhaps only just started.
    if (heard.has(workerName(job.metadata.name, index))) return false;
    return isUnbound || heard.size > 0 || pod.metadata.deletionTimestamp !== undefined;
  };
  return placement.nodes.flatMap((node, index) => {
    const trouble = nodes.get(node);
    if (trouble !== undefined && isLost(trouble, index)) return [index];
    // It was given up on this node, and its pod is gone or goes since.
    return placement.lost?.includes(index) === true && refused.includes(node) ? [index] : [];
  });
}

/**
 * Writes down which workers lost their nodes. The others go on, and the scheduler looks for GPUs for new ones, on the
 * quota that the job holds.
 */
export function recordLost(
  facts: JobFacts,
  gang: Gang,
  lost: readonly number[],
  moved: readonly Obstacle[] = [],
): Decision {
  const { job, now } = facts;
  const { lost: _before, ...placement } = gang.placement;
  const survivors = [...gang.workers].filter(([index, pod]) => !lost.includes(index) && !isTerminated(pod));
  const change: FineTuneJobStatus = {
    ...job.status,
    ...rememberRefusals(facts, gang, moved),
    placement: { ...placement, ...(lost.length === 0 ? {} : { lost: [...lost] }) },
    // Whoever survives has the state in its memory.
    ...(survivors.length > 0 || lost.length === 0
      ? {}
      : { gpuSecondsLost: (job.status?.gpuSecondsLost ?? 0) + lostGpuSeconds(facts, gang) }),
  };
  return {
    status: nextStatus(job, change, [workersLost(placement.nodes, lost, change)], now),
    lookAgainMs: 0,
  };
}

function workersLost(nodes: readonly string[], lost: readonly number[], status: FineTuneJobStatus) {
  const count = `${nodes.length - lost.length} of ${nodes.length} workers have a node`;
  return lost.length === 0
    ? condition('WorkersReady', 'False', 'WaitingForWorkers', count)
    : condition('WorkersReady', 'False', 'NodeLost', `${count}: ${describeLost(nodes, lost, status)}`);
}

/** Such as: "worker 1 needs another than gpu-3". */
export const describeLost = (
  nodes: readonly string[],
  lost: readonly number[],
  status?: Pick<FineTuneJobStatus, 'refusedNodes'>,
): string =>
  lost
    .map((index) => {
      const refused = status?.refusedNodes?.find(({ node }) => node === nodes[index]);
      return `worker ${index} needs another than ${nodes[index]}${refused === undefined ? '' : ` (${refused.reason})`}`;
    })
    .join(', ');

/** What has to go before its successor can come: by the agent of its node, or without it where nothing is heard of it. */
export function clearAway(
  { nodes }: JobFacts,
  pods: Iterable<PodObject>,
): Pick<Decision, 'deletePods' | 'removePods'> {
  const deletePods: PodObject[] = [];
  const removePods: PodObject[] = [];
  for (const pod of pods) {
    const trouble = nodes.get(pod.spec?.nodeName ?? '');
    if (trouble === 'gone' || trouble === 'unreachable') removePods.push(pod);
    else if (pod.metadata.deletionTimestamp === undefined) deletePods.push(pod);
  }
  return { deletePods, ...(removePods.length === 0 ? {} : { removePods }) };
}
