import type { Decision } from './decision.js';
import { evict, fail } from './end-of-attempt.js';
import type { JobFacts } from './facts.js';
import type { Gang } from './gang.js';
import { giveBack } from './give-back.js';
import { describeObstacles, hasBegun, rememberRefusals } from './obstacles.js';
import { resizeGang } from './resize-gang.js';
import type { Obstacle } from './why-not-ready.js';

/** Whether a worker that was waited for in vain may come up on another node. */
export const isOtherNodeOfUse = ({ isOfNode }: Obstacle) => isOfNode;

export interface MissingWorkers {
  /** Have no node. */
  readonly lost: readonly number[];
  readonly obstacles: readonly Obstacle[];
  /** Those that are waited for no longer. */
  readonly stuck: readonly Obstacle[];
}

/**
 * What to do about workers that do not come up and are waited for no longer; undefined = go on. A gang that has not
 * begun is all or nothing: it fails, or goes back to the queue, and is placed elsewhere if its nodes refused it. One that
 * trains goes on without workers that no node can take, down to its fewest.
 */
export function giveUpOn(
  facts: JobFacts,
  gang: Gang,
  { lost, obstacles, stuck }: MissingWorkers,
): Decision | undefined {
  if (!hasBegun(facts)) {
    const hopeless = obstacles.filter(({ class: kind }) => kind === 'fail');
    if (hopeless.length > 0) return fail(facts, gang, 'InvalidSpec', describeObstacles(hopeless));
    const isRefused = stuck.some(({ class: kind }) => kind !== 'wait');
    return isRefused ? notReadyInTime(facts, gang, obstacles) : undefined;
  }
  const refused = stuck.filter((obstacle) => !isOtherNodeOfUse(obstacle));
  if (refused.length === 0) return undefined;
  const { nodes } = gang.placement;
  const left = nodes.length - refused.length;
  const areLast = refused.every(({ index }) => index >= left);
  if (left >= (facts.resolved?.workers.min ?? 1) && areLast)
    return resizeGang(facts, gang, nodes.slice(0, left));
  return giveBack(facts, gang, lost, { reason: 'NodeLost', message: describeObstacles(refused) });
}

/** Back to the queue: nothing was trained, and the GPUs are of use to others. */
export function notReadyInTime(facts: JobFacts, gang: Gang, obstacles: readonly Obstacle[]): Decision {
  const ready = facts.training?.members.filter((member) => member.ready).length ?? 0;
  const why = obstacles.length === 0 ? '' : `; ${describeObstacles(obstacles)}`;
  const message = `${ready} of ${gang.placement.nodes.length} workers were ready in time${why}`;
  const decision = evict(facts, gang, 'WorkersNotReadyInTime', message);
  const { requeueAt, ...status } = { ...decision.status, ...rememberRefusals(facts, gang, obstacles) };
  // The first time, other nodes are tried at once.
  const isMove = obstacles.some(({ class: kind }) => kind === 'move') && status.evictions === 1;
  return { ...decision, status: isMove || requeueAt === undefined ? status : { ...status, requeueAt } };
}
