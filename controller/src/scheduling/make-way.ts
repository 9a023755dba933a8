import type { CycleState, Refusal } from './cycle-state.js';
import type { Ending } from './endings.js';
import type { PendingJob, RunningJob } from './snapshot.js';
import { possibleReleases } from './victims.js';
import type { Release } from './victims.js';
import { WhatIf } from './what-if.js';

/**
 * A job could start but for what others hold. Waits for what is being given back anyway; else makes others give back,
 * as few as possible; else keeps GPUs for it from the time on at which enough will have come free by themselves.
 * @returns why it waits, more precisely than `refusal` if more is known now
 */
export function makeWay(state: CycleState, job: PendingJob, flavor: string, refusal: Refusal): Refusal {
  const { policy } = state;
  const mayReserve = policy.backfill === 'easy' && state.reservations.length < policy.reservations;
  const mayTakeBack = (policy.preemption || policy.resizing) && state.attempts < policy.preemptionAttempts;
  if (!mayReserve && !mayTakeBack) return refusal;
  if (isLookaheadSpent(state, job, flavor)) return refusal;
  const what = WhatIf.of(state, job, flavor);
  if (what === undefined) return refusal;
  try {
    return (
      awaitRelease(state, what, job, flavor, refusal) ??
      makeRoom(state, what, job, flavor, refusal, mayReserve, mayTakeBack) ??
      refusal
    );
  } finally {
    what.undo();
  }
}

/**
 * Something ends soon of which this cycle may not look at more, and nothing else is on its way: nobody can be told
 * anything, and nobody is sent away for what may come free by itself.
 */
function isLookaheadSpent(state: CycleState, job: PendingJob, flavor: string): boolean {
  if (state.lookahead > 0 || state.reservations.length === 0) return false;
  const { running } = state.snapshot;
  if (state.free.isAnythingLeaving(flavor) || !running.leaving(flavor)[Symbol.iterator]().next().done)
    return false;
  const [first] = endings(state, flavor);
  return first !== undefined && endsSoon(state, first, job);
}

/**
 * It ends no later than it would have made room, were it told to. That may be said of jobs to one that waits for as long
 * as they have to make room, counted from the first time: an estimate that turns out wrong puts nobody off again. Who
 * never said when it ends is not waited for.
 */
function endsSoon(state: CycleState, { job, end }: Ending, waiting: PendingJob): boolean {
  if (job.estimatedEnd === undefined && state.snapshot.running.get(job.key) === job) return false;
  const since = state.snapshot.postponed?.get(waiting.key) ?? state.now;
  return end <= since + graceOf(state, job);
}

const graceOf = (state: CycleState, { graceMs = state.policy.releaseMs }: RunningJob) => graceMs;

/** Enough GPUs are on their way already. */
function awaitRelease(
  state: CycleState,
  what: WhatIf,
  job: PendingJob,
  flavor: string,
  refusal: Refusal,
): Refusal | undefined {
  const leaving = [...state.snapshot.running.leaving(flavor)];
  for (const victim of leaving) what.release(victim, victim.nodes);
  if (!what.fits()) return undefined;
  const at = Math.max(state.now, ...leaving.map(({ givesBackBy = 0 }) => givesBackBy));
  keep(state, what, job, flavor, at, state.now);
  const who = leaving.length === 0 ? 'pods that are ending' : names(leaving);
  const have = leaving.length > 0 && !areSeveral(leaving) ? 'has' : 'have';
  return {
    ...refusal,
    reason: 'WaitingForRelease',
    message: `starts as soon as ${who} ${have} given ${have === 'has' ? 'its' : 'their'} ${flavor} back`,
    estimatedStart: at,
  };
}

/** Waits for jobs that end by themselves; takes GPUs back from others if that is sooner. */
function makeRoom(
  state: CycleState,
  what: WhatIf,
  job: PendingJob,
  flavor: string,
  refusal: Refusal,
  mayReserve: boolean,
  mayTakeBack: boolean,
): Refusal | undefined {
  const ended = new Set<RunningJob>();
  const isFirst = state.reservations.length === 0;
  let isTried = !mayTakeBack;
  for (const next of endings(state, flavor)) {
    const { job: victim, end } = next;
    const isSoon = endsSoon(state, next, job);
    if (!isSoon && !isTried) {
      isTried = true;
      const taken = takeBack(state, what, job, flavor, refusal, ended);
      if (taken !== undefined) return taken;
    }
    if (!isSoon && !mayReserve) return undefined;
    if (state.lookahead-- <= 0 && !isFirst) return undefined;
    // With room enough it is quota that is missing, and that comes only from those who share it.
    if (what.hasRoom() && !state.sharesQuota(victim.queueName, job.queueName)) continue;
    what.release(victim, victim.nodes);
    ended.add(victim);
    if (!what.fits()) continue;
    keep(state, what, job, flavor, end);
    if (isTried) return { ...refusal, estimatedStart: end };
    state.postponed.add(job.key);
    const ending = [...ended];
    const isOrAre = areSeveral(ending) ? 'are' : 'is';
    const wait = `; ${names(ending)} ${isOrAre} about to end, so that no other job is told to make room`;
    return { ...refusal, message: `${refusal.message}${wait}`, estimatedStart: end };
  }
  return isTried ? undefined : takeBack(state, what, job, flavor, refusal, ended);
}

function takeBack(
  state: CycleState,
  what: WhatIf,
  job: PendingJob,
  flavor: string,
  refusal: Refusal,
  ended: ReadonlySet<RunningJob>,
): Refusal | undefined {
  state.attempts++;
  const useful = possibleReleases(state, job, flavor).filter(({ victim }) => !ended.has(victim));
  const chosen = useful.length === 0 ? undefined : cheapestThatSuffices(state, what, useful, flavor);
  if (chosen === undefined) return undefined;
  const at = state.now + Math.max(...chosen.map(({ victim }) => graceOf(state, victim)));
  keep(state, what, job, flavor, at, state.now);
  record(state, job, chosen);
  const evicted = chosen.filter(({ eviction }) => eviction !== undefined).map(({ victim }) => victim);
  const shrunk = chosen.filter(({ eviction }) => eviction === undefined).map(({ victim }) => victim);
  const ways = [
    ...(shrunk.length === 0 ? [] : [goOnWithFewer(shrunk)]),
    ...(evicted.length === 0 ? [] : [giveWay(evicted)]),
  ];
  return {
    ...refusal,
    reason: 'WaitingForRelease',
    message: `starts as soon as ${ways.join(' and ')}`,
    estimatedStart: at,
  };
}

/** Of one job several workers may go. */
const areSeveral = (jobs: readonly RunningJob[]): boolean => new Set(jobs).size > 1;

const goOnWithFewer = (jobs: readonly RunningJob[]): string =>
  `${names(jobs)} ${areSeveral(jobs) ? 'go' : 'goes'} on with fewer workers`;

const giveWay = (jobs: readonly RunningJob[]): string =>
  areSeveral(jobs)
    ? `${names(jobs)} write a checkpoint and make room`
    : `${names(jobs)} writes a checkpoint and makes room`;

/**
 * Adds releases, cheapest first, until the job fits, then leaves out again, dearest first, all that it fits without.
 * So every one that is left is needed.
 */
function cheapestThatSuffices(
  state: CycleState,
  what: WhatIf,
  releases: readonly Release[],
  flavor: string,
): Release[] | undefined {
  const chosen: Release[] = [];
  let fits = false;
  for (const release of releases) {
    if (fits) break;
    const { victim, nodes, eviction } = release;
    // A queue gives back only while it still borrows.
    if (eviction?.cause === 'reclaim' && state.ledger.borrowed(victim.queueName, flavor) === 0) continue;
    what.release(victim, nodes);
    chosen.push(release);
    fits = what.fits();
  }
  if (!fits) {
    for (const { victim, nodes } of chosen) what.release(victim, nodes, -1);
    return undefined;
  }
  const needed: Release[] = [];
  const fixed = new Set<string>();
  for (const release of chosen.reverse()) {
    const { victim, nodes } = release;
    if (!fixed.has(victim.key)) {
      what.release(victim, nodes, -1);
      if (what.fits()) continue;
      what.release(victim, nodes);
    }
    // The workers of a job go from the last one on, so those behind a needed one go too.
    fixed.add(victim.key);
    needed.push(release);
  }
  return needed;
}

function record(state: CycleState, job: PendingJob, chosen: readonly Release[]): void {
  const evicted = new Set<string>();
  for (const { victim, eviction } of chosen) {
    if (eviction === undefined) continue;
    evicted.add(victim.key);
    state.evictions.set(victim.key, {
      key: victim.key,
      for: job.key,
      ...eviction,
      message:
        eviction.cause === 'priority'
          ? `${job.key} of higher priority needs its GPUs`
          : `queue ${job.queueName} needs the GPUs that queue ${victim.queueName} borrowed, for ${job.key}`,
    });
  }
  for (const { victim } of chosen) {
    if (evicted.has(victim.key)) continue;
    const left = (state.resizes.get(victim.key)?.nodes ?? victim.nodes).slice(0, -1);
    state.resizes.set(victim.key, { key: victim.key, nodes: left, for: job.key });
  }
}

/** What gives GPUs back, running or started in this cycle, in the order of time. */
function* endings(state: CycleState, flavor: string): Generator<Ending> {
  const running = state.runningByEnd(flavor);
  const started = state.startedByEnd(flavor);
  let at = 0;
  for (const next of started) {
    for (let first = running.at(at); first !== undefined && first.end <= next.end; first = running.at(++at))
      yield first;
    yield next;
  }
  for (let first = running.at(at); first !== undefined; first = running.at(++at)) yield first;
}

/**
 * Keeps GPUs for a job that starts at `at`. Those that others were told to give back come sooner than promised: they
 * are kept `from` now on, or whoever took them meanwhile would be told to go at once.
 */
function keep(state: CycleState, what: WhatIf, job: PendingJob, flavor: string, at: number, from = at): void {
  if (state.policy.backfill !== 'easy') return;
  state.reservations.push({ key: job.key, flavor, nodes: what.hold(from), at });
}

/** A few names and how many more. */
function names(jobs: readonly RunningJob[]): string {
  const keys = [...new Set(jobs.map(({ key }) => key))];
  return keys.length <= 3
    ? keys.join(' and ')
    : `${keys.slice(0, 2).join(', ')} and ${keys.length - 2} others`;
}
