import { assess } from './assess.js';
import type { Refusal } from './cycle-state.js';
import { CycleState, refusalOf } from './cycle-state.js';
import { behindHead, explain } from './explain.js';
import { makeWay } from './make-way.js';
import { NoRoom } from './no-room.js';
import { isClosed, obstacle } from './obstacle.js';
import type { Plan } from './plan.js';
import type { SchedulingPolicy } from './policy.js';
import { DEFAULT_POLICY } from './policy.js';
import { repair } from './repair.js';
import { grow, trim, widen } from './resize.js';
import type { PendingJob, Snapshot } from './snapshot.js';
import { shapeOf } from './shape.js';
import { Turns } from './turns.js';

/**
 * One scheduling cycle: which waiting jobs start now and where, who makes room for whom, and why the others wait.
 * Pure: the same snapshot always gives the same plan.
 */
export function schedule(snapshot: Snapshot, policy: SchedulingPolicy = DEFAULT_POLICY): Plan {
  const { state, blocked, isPartial } = decide(snapshot, policy);
  // Of the other queues, the cycle that follows at once will know more.
  const told = isPartial ? blocked : snapshot.pending;
  const waiting = { [Symbol.iterator]: () => explain(state, blocked, told.keys()) };
  return { ...decisionsOf(state), isPartial, waiting };
}

/** {@link schedule} without the reasons, for simulations. */
export function scheduleSilently(
  snapshot: Snapshot,
  policy: SchedulingPolicy = DEFAULT_POLICY,
): Omit<Plan, 'waiting'> {
  const { state, isPartial } = decide(snapshot, policy);
  return { ...decisionsOf(state), isPartial };
}

function decide(snapshot: Snapshot, policy: SchedulingPolicy) {
  // 1 What is used of quotas and GPUs.
  const state = new CycleState(snapshot, policy);
  const isFull = () => state.admissions.size >= policy.admissions;
  const open = [...snapshot.pending.keys()].filter((queue) => !isClosed(snapshot, queue));

  // 2 Workers that lost their nodes get others first: their job has the quota, and holds GPUs that wait for them.
  repair(state);

  // 3 Queue by queue in fair order: start jobs until one could start later but not now, and make way for that one.
  const blocked = new Map<string, PendingJob>();
  const behind: { queue: string; from: number }[] = [];
  const heads = new Turns(
    state,
    open.map((queue) => ({ queue, from: 0 })),
    Number.POSITIVE_INFINITY,
  );
  for (let turn = heads.next(); turn !== undefined && !isFull(); turn = heads.next()) {
    const { job, index, again } = turn;
    const later = take(state, job);
    if (later === undefined) {
      again();
      continue;
    }
    blocked.set(job.queueName, job);
    behind.push({ queue: job.queueName, from: index + 1 });
    state.wanted.add(later.flavor);
    state.refuse(job, makeWay(state, job, later.flavor, later.refusal));
  }

  // 4 Backfill: jobs behind may start if they do not delay those for which GPUs are kept now.
  if (policy.backfill !== 'none' && !state.free.isEmpty) backfill(state, behind, blocked, isFull);

  // 5 The number of workers follows the spec; more workers from what nobody waits for.
  trim(state);
  if (policy.resizing) {
    widen(state);
    grow(state);
  }
  return { state, blocked, isPartial: isFull() };
}

/** Starts the job, or says why not; returns what it waits for if waiting helps. */
function take(
  state: CycleState,
  job: PendingJob,
): { readonly flavor: string; readonly refusal: Refusal; readonly lacksRoom: boolean } | undefined {
  const queue = state.snapshot.queues.get(job.queueName);
  const hindrance = obstacle(job, state.snapshot);
  if (queue === undefined || hindrance !== undefined) {
    if (hindrance !== undefined) state.refuse(job, hindrance);
    return undefined;
  }
  const verdict = assess(state, job, queue);
  if (verdict.admission !== undefined) {
    state.admit(job, verdict.admission);
    return undefined;
  }
  state.refuse(job, verdict.refusal);
  const { later, lacksRoom, refusal } = verdict;
  return later === undefined ? undefined : { flavor: later, refusal, lacksRoom };
}

function backfill(
  state: CycleState,
  behind: readonly { readonly queue: string; readonly from: number }[],
  blocked: ReadonlyMap<string, PendingJob>,
  isFull: () => boolean,
): void {
  const noRoom = new NoRoom(state);
  const turns = new Turns(state, behind, state.policy.backfillDepth, (queue) => {
    const refused = state.refusedShapes(queue);
    const lacksRoom = noRoom.inQueue(queue);
    return (job) => {
      const shape = shapeOf(job);
      return lacksRoom(job, shape) || refusalOf(refused.get(shape), job) !== undefined;
    };
  });
  for (let turn = turns.next(); turn !== undefined && !isFull(); turn = turns.next()) {
    if (state.free.isEmpty) return;
    const { job, again } = turn;
    const later = take(state, job);
    if (later?.lacksRoom === true) noRoom.add(job);
    if (later !== undefined) {
      const head = blocked.get(job.queueName) as PendingJob;
      state.refuseShape(job, behindHead(head, later.refusal.largestGangThatFits));
    }
    again();
  }
}

function decisionsOf(state: CycleState): Omit<Plan, 'waiting' | 'isPartial'> {
  return {
    admissions: [...state.admissions.values()].map(({ admission }) => admission),
    evictions: [...state.evictions.values()],
    resizes: [...state.resizes.values()],
    reservations: state.reservations,
    postponed: state.postponed,
  };
}
