import type { CycleState, Ending, Refusal } from './cycle-state.js';
import { endIfStarted, endOf } from './estimates.js';
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
  const { policy, now } = state;
  const hasReservation = state.reservations.length < policy.reservations && policy.backfill === 'easy';
  if (!hasReservation && !policy.preemption && !policy.resizing) return refusal;
  return (
    awaitRelease(state, job, flavor, refusal) ??
    (state.preemptionAttempts < policy.preemptionAttempts
      ? takeBack(state, job, flavor, refusal)
      : undefined) ??
    (hasReservation ? reserve(state, job, flavor, refusal, now) : undefined) ??
    refusal
  );
}

/** Enough GPUs are on their way already. */
function awaitRelease(
  state: CycleState,
  job: PendingJob,
  flavor: string,
  refusal: Refusal,
): Refusal | undefined {
  const leaving = state.leaving(flavor);
  if (leaving.length === 0 && !state.free.isAnythingLeaving(flavor)) return undefined;
  const what = WhatIf.of(state, job, flavor);
  if (what === undefined) return undefined;
  for (const victim of leaving) what.release(victim, victim.nodes);
  const at = Math.max(state.now, ...leaving.map(({ givesBackBy = 0 }) => givesBackBy));
  const fits = what.fits();
  if (fits) keep(state, what, job, flavor, at);
  what.undo();
  if (!fits) return undefined;
  const who = leaving.length === 0 ? 'pods that are ending' : names(leaving);
  return {
    ...refusal,
    reason: 'WaitingForRelease',
    message: `starts as soon as ${who} have given their ${flavor} back`,
    estimatedStart: at,
  };
}

function takeBack(state: CycleState, job: PendingJob, flavor: string, refusal: Refusal): Refusal | undefined {
  const releases = possibleReleases(state, job, flavor);
  if (releases.length === 0) return undefined;
  state.preemptionAttempts++;
  const what = WhatIf.of(state, job, flavor);
  if (what === undefined) return undefined;
  // What ends as soon as victims would have made room needs no victims.
  const at = state.now + state.policy.releaseMs;
  const ending = new Set<RunningJob>();
  const endings = state.runningByEnd(flavor);
  for (let i = 0; (endings.at(i)?.end ?? Number.POSITIVE_INFINITY) <= at; i++) {
    const next = endings.at(i)?.job;
    if (next === undefined || state.isLeavingNow(next)) continue;
    ending.add(next);
    what.release(next, next.nodes);
  }
  const useful = releases.filter(({ victim }) => !ending.has(victim));
  const chosen = what.fits() ? undefined : cheapestThatSuffices(state, what, useful, flavor);
  if (chosen === undefined) {
    what.undo();
    return undefined;
  }
  keep(state, what, job, flavor, at);
  what.undo();
  record(state, job, chosen);
  const evicted = chosen.filter(({ eviction }) => eviction !== undefined).map(({ victim }) => victim);
  const shrunk = chosen.filter(({ eviction }) => eviction === undefined).map(({ victim }) => victim);
  const ways = [
    ...(shrunk.length === 0 ? [] : [`${names(shrunk)} go on with fewer workers`]),
    ...(evicted.length === 0 ? [] : [`${names(evicted)} write a checkpoint and make room`]),
  ];
  return {
    ...refusal,
    reason: 'WaitingForRelease',
    message: `starts as soon as ${ways.join(' and ')}`,
    estimatedStart: at,
  };
}

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
  if (!fits) return undefined;
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

function reserve(
  state: CycleState,
  job: PendingJob,
  flavor: string,
  refusal: Refusal,
  now: number,
): Refusal | undefined {
  const what = WhatIf.of(state, job, flavor);
  if (what === undefined) return undefined;
  let at = now;
  let fits = what.fits();
  for (const ending of endings(state, flavor)) {
    if (fits) break;
    what.release(ending.job, ending.job.nodes);
    at = ending.end;
    fits = what.fits();
  }
  if (fits) keep(state, what, job, flavor, at);
  what.undo();
  return fits ? { ...refusal, estimatedStart: at } : undefined;
}

/** What gives GPUs back, running or started in this cycle, in the order of time. */
function* endings(state: CycleState, flavor: string): Generator<Ending> {
  const running = state.runningByEnd(flavor);
  const started = [...state.admissions.values()]
    .filter(({ admission }) => admission.flavor === flavor)
    .map(({ job, admission }): Ending => {
      const asRunning = { ...job, ...admission, startedAt: state.now };
      const end = endIfStarted(job, admission.nodes.length, state.now);
      return { job: asRunning, end: Number.isFinite(end) ? end : endOf(asRunning, state.now) };
    })
    .sort((a, b) => a.end - b.end);
  let at = 0;
  for (const next of started) {
    for (let first = running.at(at); first !== undefined && first.end <= next.end; first = running.at(++at))
      yield first;
    yield next;
  }
  for (let first = running.at(at); first !== undefined; first = running.at(++at)) yield first;
}

function keep(state: CycleState, what: WhatIf, job: PendingJob, flavor: string, at: number): void {
  if (state.policy.backfill !== 'easy') return;
  state.reservations.push({ key: job.key, flavor, nodes: what.hold(at), at });
}

/** A few names and how many more. */
function names(jobs: readonly RunningJob[]): string {
  const keys = [...new Set(jobs.map(({ key }) => key))];
  return keys.length <= 3
    ? keys.join(' and ')
    : `${keys.slice(0, 2).join(', ')} and ${keys.length - 2} others`;
}
