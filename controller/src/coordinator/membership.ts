import { isBalancingDue, pacesOf } from './balancing.js';
import { convict, watchPace } from './expulsion.js';
import type {
  MembershipEffect,
  MembershipEvent,
  MembershipSettings,
  MembershipStep,
} from './membership-events.js';
import type { KnownWorker, MembershipCause, MembershipState, WorkerIdentity } from './membership-state.js';
import { sharesOf } from './pace.js';
import { isProbing, judgeProbes, probe, stalled } from './probing.js';

/**
 * Who trains together: the pure part of the coordinator. Events go in, the new state and the directives to act on
 * come out; clocks, streams and stores live elsewhere.
 */

/** Whether a worker that says hello would push out another living process of the same member id. */
export function isTaken(state: MembershipState, worker: WorkerIdentity): boolean {
  const known = state.workers.get(worker.memberId);
  return known?.link === 'open' && known.incarnation !== worker.incarnation;
}

export function advanceMembership(
  state: MembershipState,
  event: MembershipEvent,
  now: number,
  settings: MembershipSettings,
): MembershipStep {
  switch (event.kind) {
    case 'hello':
      return settle(hello(state, event, now), now, settings);
    case 'ready':
      return settle(
        progress(
          touch(state, event.memberId, now, { ready: true, committedStep: event.committedStep }),
          event.committedStep,
        ),
        now,
        settings,
      );
    case 'heartbeat':
      return unchanged(
        progress(
          touch(state, event.memberId, now, {
            committedStep: event.committedStep,
            ...(event.unitSeconds === undefined ? {} : { unitSeconds: event.unitSeconds }),
          }),
          event.committedStep,
        ),
      );
    case 'seen':
      return unchanged(touch(state, event.memberId, now, {}));
    case 'disconnected':
      return settle(disconnected(state, event.memberId, event.incarnation), now, settings);
    case 'peer-failure':
      return settleAll(accuse(state, event, now, settings), now, settings);
    case 'wrong-bits':
      return settleAll(convict(state, event, now, settings), now, settings);
    case 'finished':
      return settle(
        {
          ...touch(state, event.memberId, now, { finished: true }),
          over: state.over || event.over,
        },
        now,
        settings,
      );
    case 'resized':
      return settle(
        {
          ...state,
          expectedWorkers: event.expectedWorkers,
          replaceStragglers: event.replaceStragglers ?? state.replaceStragglers,
        },
        now,
        settings,
      );
    case 'stalled':
      return unchanged(stalled(state, event.milliseconds));
    default:
      return tick(state, now, settings);
  }
}

function settleAll(step: MembershipStep, now: number, settings: MembershipSettings): MembershipStep {
  return { state: settle(step.state, now, settings).state, effects: step.effects };
}

function unchanged(state: MembershipState): MembershipStep {
  return { state, effects: [] };
}

function hello(
  state: MembershipState,
  event: Extract<MembershipEvent, { kind: 'hello' }>,
  now: number,
): MembershipState {
  const known = state.workers.get(event.worker.memberId);
  const same = known?.incarnation === event.worker.incarnation;
  const workers = new Map(state.workers).set(event.worker.memberId, {
    ...event.worker,
    link: 'open',
    // A process that was ready stays ready over a reconnection; a new process has to say so.
    ready: same && known.ready,
    finished: same && known.finished,
    committedStep: event.committedStep,
    lastSeen: now,
    quarantinedUntil: same ? known.quarantinedUntil : 0,
    quarantinedForMs: same ? known.quarantinedForMs : 0,
    expelled: same ? known.expelled : undefined,
    unitSeconds: same ? known.unitSeconds : undefined,
  });
  // A coordinator that lost its state must not announce a generation that workers have already passed.
  const generation = Math.max(state.generation, event.generation);
  return generation === state.generation
    ? { ...state, workers }
    : { ...state, workers, generation, members: [] };
}

function touch(
  state: MembershipState,
  memberId: string,
  now: number,
  change: Partial<Pick<KnownWorker, 'ready' | 'finished' | 'committedStep' | 'unitSeconds'>>,
): MembershipState {
  const known = state.workers.get(memberId);
  if (known === undefined) return state;
  const seen = { ...known, ...change, lastSeen: now, probe: undefined };
  return { ...state, workers: new Map(state.workers).set(memberId, seen) };
}

/** A committed step shows that the members reach each other: old accusations are void. */
function progress(state: MembershipState, committedStep: number): MembershipState {
  return committedStep > state.committedStep ? { ...state, committedStep, accusations: new Map() } : state;
}

function disconnected(state: MembershipState, memberId: string, incarnation: string): MembershipState {
  const known = state.workers.get(memberId);
  if (known === undefined || known.incarnation !== incarnation) return state;
  const workers = new Map(state.workers);
  if (state.members.some((member) => member.memberId === memberId) || known.quarantinedUntil > 0)
    workers.set(memberId, { ...known, link: 'closed' });
  else workers.delete(memberId);
  return { ...state, workers };
}

function accuse(
  state: MembershipState,
  event: Extract<MembershipEvent, { kind: 'peer-failure' }>,
  now: number,
  settings: MembershipSettings,
): MembershipStep {
  const stale = event.generation !== state.generation;
  const known = state.workers.get(event.memberId);
  const isMember = state.members.some((member) => member.memberId === event.memberId);
  if (stale || state.over || known === undefined || !isMember) return unchanged(state);
  const earlier = state.accusations.get(event.memberId) ?? [];
  const accusations = earlier.includes(event.generation)
    ? state.accusations
    : new Map(state.accusations).set(event.memberId, [...earlier, event.generation]);
  const dueAt = now + settings.lossSettleMs;
  const pending =
    state.pending !== undefined && isUrgent(state.pending.cause)
      ? state.pending
      : { dueAt, cause: 'link' as const };
  return probe({ ...state, accusations, pending }, known, now);
}

function isUrgent(cause: MembershipCause): boolean {
  return cause === 'lost' || cause === 'resized' || cause === 'link' || cause === 'expelled';
}

/** Plans a new generation when those who should be members are not those who are. */
function settle(state: MembershipState, now: number, settings: MembershipSettings): MembershipStep {
  if (state.over) return unchanged({ ...state, pending: undefined });
  const wanted = candidates(state, now);
  if (sameMembers(state, wanted)) {
    // Everybody came back in time; a link that failed still needs its new generation.
    return unchanged(state.pending?.cause === 'link' ? state : { ...state, pending: undefined });
  }
  if (wanted.length === 0) return unchanged({ ...state, pending: undefined });
  const survivors = wanted.filter((worker) => state.members.some((member) => sameProcess(member, worker)));
  const fresh = survivors.length === 0;
  const complete = wanted.length >= state.expectedWorkers;
  if (fresh && state.generation === 0 && !complete) return unchanged({ ...state, pending: undefined });
  const lost = state.members.filter((member) => !isFinished(state, member)).length > survivors.length;
  const cause: MembershipCause = fresh
    ? state.generation === 0
      ? 'start'
      : 'restored'
    : lost
      ? survivors.length >= state.expectedWorkers
        ? 'resized'
        : 'lost'
      : 'joined';
  const dueAt = Math.min(
    now + settleDelay({ fresh, complete, lost }, settings),
    state.pending?.dueAt ?? Infinity,
  );
  const before = state.pending;
  if (before === undefined || !isUrgent(before.cause))
    return unchanged({ ...state, pending: { dueAt, cause } });
  const isLoss = before.cause === 'link' && lost;
  return unchanged({ ...state, pending: isLoss ? { ...before, cause } : before });
}

function settleDelay(
  change: { readonly fresh: boolean; readonly complete: boolean; readonly lost: boolean },
  settings: MembershipSettings,
): number {
  // Nobody is known to train: those who return late still find their place, as newcomers.
  if (change.fresh) return change.complete ? settings.lossSettleMs : settings.reattachMs;
  return change.lost ? settings.lossSettleMs : settings.joinSettleMs;
}

function tick(before: MembershipState, now: number, settings: MembershipSettings): MembershipStep {
  const effects: MembershipEffect[] = [];
  const workers = new Map(before.workers);
  for (const [memberId, worker] of before.workers) {
    if (worker.link === 'closed' || now - worker.lastSeen < settings.heartbeatTimeoutMs) continue;
    if (worker.link === 'open') effects.push({ kind: 'evict', memberId });
    workers.set(memberId, { ...worker, link: 'closed' });
  }
  const watched = watchPace(judgeProbes({ ...before, workers }, now, settings), now, settings);
  effects.push(...watched.effects);
  let state = settle(watched.state, now, settings).state;
  if (state.pending === undefined && isBalancingDue(state, settings))
    state = { ...state, pending: { dueAt: now, cause: 'balanced' } };
  if (state.pending === undefined || now < state.pending.dueAt || isProbing(state)) return { state, effects };

  state = quarantine(state, now, settings);
  const members = candidates(state, now);
  if (members.length === 0) return { state: { ...state, pending: undefined }, effects };
  const generation = state.generation + 1;
  const cause = state.pending?.cause ?? 'joined';
  const shares = sharesOf(pacesOf(state, members), settings);
  effects.push({ kind: 'announce', generation, members, shares, cause });
  return {
    state: {
      ...state,
      generation,
      members,
      shares,
      dealtAtStep: state.committedStep,
      balances: cause === 'balanced' ? state.balances + 1 : 0,
      workers: prune(state, members),
      pending: undefined,
    },
    effects,
  };
}

/** Leaves out the member that peers failed to reach most often, when that went on for too long. */
function quarantine(state: MembershipState, now: number, settings: MembershipSettings): MembershipState {
  const wanted = candidates(state, now);
  let worst: string | undefined;
  let most = settings.maxAccusations - 1;
  // Of two that cannot reach each other, the later in rank goes.
  for (const { memberId } of wanted) {
    const count = state.accusations.get(memberId)?.length ?? 0;
    if (count > 0 && count >= settings.maxAccusations && count >= most) {
      worst = memberId;
      most = count;
    }
  }
  const known = worst === undefined ? undefined : state.workers.get(worst);
  if (known === undefined || wanted.length < 2) return state;
  const { quarantineMs, longestQuarantineMs } = settings;
  const isRelapse = known.quarantinedForMs > 0 && now < known.quarantinedUntil + longestQuarantineMs;
  const quarantinedForMs = isRelapse
    ? Math.min(2 * known.quarantinedForMs, longestQuarantineMs)
    : quarantineMs;
  const quarantinedUntil = now + quarantinedForMs;
  const workers = new Map(state.workers).set(known.memberId, {
    ...known,
    quarantinedUntil,
    quarantinedForMs,
  });
  return { ...state, workers, accusations: new Map() };
}

/** Forgets workers that are gone for good: closed and no longer members. */
function prune(state: MembershipState, members: readonly WorkerIdentity[]): Map<string, KnownWorker> {
  const keep = new Set(members.map((member) => member.memberId));
  return new Map(
    [...state.workers].filter(([memberId, worker]) => worker.link !== 'closed' || keep.has(memberId)),
  );
}

/**
 * Those who should train together now: members in their order, then newcomers in the order of their arrival, each
 * behind the last one of its node if there is one, so that a node's members are dealt neighbouring micro-batches.
 */
function candidates(state: MembershipState, now: number): WorkerIdentity[] {
  const able = (worker: KnownWorker): boolean =>
    worker.link !== 'closed' &&
    worker.probe?.failed !== true &&
    worker.ready &&
    !worker.finished &&
    worker.expelled === undefined &&
    worker.quarantinedUntil <= now;
  const survivors = state.members
    .map((member) => state.workers.get(member.memberId))
    .filter(
      (worker, rank): worker is KnownWorker =>
        worker !== undefined && able(worker) && worker.incarnation === state.members[rank]?.incarnation,
    );
  const ids = new Set(survivors.map((worker) => worker.memberId));
  const newcomers = [...state.workers.values()].filter((worker) => able(worker) && !ids.has(worker.memberId));
  const ordered: KnownWorker[] = [...survivors];
  for (const newcomer of newcomers) {
    const { node } = newcomer;
    const last = node === undefined ? -1 : ordered.findLastIndex((worker) => worker.node === node);
    ordered.splice(last < 0 ? ordered.length : last + 1, 0, newcomer);
  }
  return ordered.map(({ memberId, incarnation, address, bulkAddress, node }) => ({
    memberId,
    incarnation,
    address,
    bulkAddress,
    ...(node === undefined ? {} : { node }),
  }));
}

function sameMembers(state: MembershipState, wanted: readonly WorkerIdentity[]): boolean {
  const still = state.members.filter((member) => !isFinished(state, member));
  return still.length === wanted.length && still.every((member, rank) => sameProcess(member, wanted[rank]));
}

function isFinished(state: MembershipState, member: WorkerIdentity): boolean {
  const known = state.workers.get(member.memberId);
  return known?.incarnation === member.incarnation && known.finished;
}

function sameProcess(left: WorkerIdentity, right: WorkerIdentity | undefined): boolean {
  return (
    left.memberId === right?.memberId &&
    left.incarnation === right.incarnation &&
    left.address === right.address
  );
}
