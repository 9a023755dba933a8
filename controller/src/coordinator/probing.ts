import type { MembershipSettings, MembershipStep } from './membership-events.js';
import type { KnownWorker, MembershipState } from './membership-state.js';

/**
 * Whether a member that a peer cannot reach is there: it is asked itself, over its own stream. One that answers has a
 * broken link and stays; one that does not is left out until it is heard of again. So a process that is merely slow, or
 * cut off from one peer alone, is not taken for a dead one, and a dead one costs no heartbeat timeout.
 */

/** Asks the worker for a sign of life, if there is a way to. */
export function probe(state: MembershipState, worker: KnownWorker, now: number): MembershipStep {
  const { memberId, link } = worker;
  const become = (change: Partial<KnownWorker>): MembershipState => ({
    ...state,
    workers: new Map(state.workers).set(memberId, { ...worker, ...change }),
  });
  // Neither its peers nor this coordinator have heard of it: nothing says that it is there.
  if (link === 'presumed') return { state: become({ link: 'closed' }), effects: [] };
  if (link === 'closed' || worker.probe !== undefined) return { state, effects: [] };
  return {
    state: become({ probe: { since: now, failed: false } }),
    effects: [{ kind: 'probe', memberId }],
  };
}

/** Those who were asked and have not answered in time count as gone. */
export function judgeProbes(
  state: MembershipState,
  now: number,
  settings: Pick<MembershipSettings, 'probeTimeoutMs'>,
): MembershipState {
  const workers = new Map(state.workers);
  for (const [memberId, worker] of state.workers) {
    const { probe } = worker;
    if (probe === undefined || probe.failed || now - probe.since < settings.probeTimeoutMs) continue;
    workers.set(memberId, { ...worker, probe: { ...probe, failed: true } });
  }
  return { ...state, workers };
}

/** Whether a member may still answer in time: until then nobody knows who the next generation consists of. */
export function isProbing({ members, workers }: MembershipState): boolean {
  return members.some(({ memberId }) => {
    const known = workers.get(memberId);
    return known?.link === 'open' && known.probe?.failed === false;
  });
}

/** The coordinator itself stood still: nobody was silent in that time. */
export function stalled(state: MembershipState, milliseconds: number): MembershipState {
  const workers = new Map(
    [...state.workers].map(([memberId, worker]): [string, KnownWorker] => {
      const { lastSeen, probe } = worker;
      const since = probe && { ...probe, since: probe.since + milliseconds };
      return [memberId, { ...worker, lastSeen: lastSeen + milliseconds, probe: since }];
    }),
  );
  return { ...state, workers };
}
