import type { Condition, GpuQueue, QueueConditionType, QueueReason } from '../api/index.js';
import { nearest } from '../api/index.js';
import type { PoolFlavor } from './queue-figures.js';
import { queueProblem } from './stored-object.js';

interface Finding {
  readonly status: 'True' | 'False';
  readonly reason: QueueReason;
  readonly message: string;
}

/**
 * What holds for a queue. A quota that the pool cannot serve is reported and stops nobody: jobs of the queue's other
 * flavors are admitted as before, and those of the missing one as soon as a node brings it.
 * @param pool flavors of the pool and of all quotas
 * @param now RFC 3339
 */
export function queueConditions(
  queue: GpuQueue,
  pool: ReadonlyMap<string, PoolFlavor>,
  now: string,
): Condition[] {
  const findings: Readonly<Record<QueueConditionType, Finding>> = {
    Active: activity(queue, pool),
    Overcommitted: overcommitment(queue, pool),
  };
  return Object.entries(findings).map(([type, finding]) => {
    const before = queue.status?.conditions?.find((condition) => condition.type === type);
    return {
      type,
      ...finding,
      lastTransitionTime: before?.status === finding.status ? before.lastTransitionTime : now,
      observedGeneration: queue.metadata.generation ?? 0,
    };
  });
}

const STOPPED = {
  hold: 'no more jobs are admitted, and those that run go on',
  holdAndDrain: 'no more jobs are admitted, and those that run are evicted after a checkpoint',
} as const;

function activity(queue: GpuQueue, pool: ReadonlyMap<string, PoolFlavor>): Finding {
  const { stopPolicy, quotas } = queue.spec;
  const problem = queueProblem(queue);
  if (problem !== undefined) return { status: 'False', reason: 'Stopped', message: problem };
  if (stopPolicy !== 'none')
    return {
      status: 'False',
      reason: 'Stopped',
      message: `stopPolicy is ${stopPolicy}: ${STOPPED[stopPolicy]}`,
    };
  const isThere = (flavor: string) => (pool.get(flavor)?.gpus ?? 0) > 0;
  const missing = quotas.map(({ flavor }) => flavor).filter((flavor) => !isThere(flavor));
  if (missing.length === 0) return { status: 'True', reason: 'Ready', message: 'jobs are admitted' };
  const served = quotas.map(({ flavor }) => flavor).filter(isThere);
  const others = served.length === 0 ? '' : `; jobs that can use ${listed(served)} are admitted`;
  return {
    status: 'False',
    reason: 'FlavorNotInPool',
    message: `no node has ${listed(missing, 'or')}: ${remedy(missing, [...pool.keys()].filter(isThere).sort())}${others}`,
  };
}

function remedy(missing: readonly string[], there: readonly string[]): string {
  if (there.length === 0) return 'no node of the cluster offers GPUs; look at the device plugin of the nodes';
  const guesses = missing.map((flavor) => nearest(flavor, there));
  const guess = [...new Set(guesses.filter((found) => found !== undefined))];
  const meant = guess.length === 0 ? '' : `; did you mean ${listed(guess, 'or')}?`;
  return `the pool has ${listed(there)}${meant}`;
}

function overcommitment({ spec: { quotas } }: GpuQueue, pool: ReadonlyMap<string, PoolFlavor>): Finding {
  const over = quotas.flatMap(({ flavor, nominal }) => {
    const { gpus = 0, nominal: sum = 0, queues = 0 } = pool.get(flavor) ?? {};
    // Of what no node has, Active tells.
    if (nominal === 0 || gpus === 0 || sum <= gpus) return [];
    const who = queues === 1 ? 'the nominal quota is' : `the nominal quotas of ${queues} queues add up to`;
    return [`${who} ${sum} ${flavor}, but the pool has ${gpus}`];
  });
  return over.length === 0
    ? { status: 'False', reason: 'WithinPool', message: 'the pool has what is granted' }
    : {
        status: 'True',
        reason: 'Overcommitted',
        message: `${over.join('; ')}: lower nominal quotas or add nodes, as not every queue can have its own GPUs at once`,
      };
}

/** At most this many flavors are named. */
const NAMED = 12;

function listed(names: readonly string[], word = 'and'): string {
  const shown = names.length > NAMED ? [...names.slice(0, NAMED), `${names.length - NAMED} others`] : names;
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} ${word} ${shown.at(-1)}`;
}
