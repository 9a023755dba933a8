import type { Membership, PullRequest } from '@tuneyard/proto';

import type { DataPlane, FrameSink } from './data-plane.js';
import { Round, type Complaint } from './round.js';
import { sameSecret } from './secret.js';

const MAX_PARKED_PULLS = 256;
/** A generation that nobody can continue and that the coordinator does not replace is reported again. */
const REPORT_AGAIN_MS = 2000;

export interface GenerationsOptions {
  readonly jobUid: string;
  readonly token: string;
  readonly memberId: string;
  readonly incarnation: string;
  readonly onBegin: (round: Round, membership: Membership) => void;
  readonly onPeerFailure: (generation: number, failure: Complaint) => void;
}

/** Leads this member from one generation to the next, and lets peers in that are ahead of it. */
export class Generations {
  /** A reduction is under way: newcomers can wait for its end, its members leave it together. */
  isReducing = false;
  #round: Round | undefined;
  #generation = 0;
  #next: Membership | undefined;
  #dataPlane: DataPlane | undefined;
  #closed = false;
  /** Pulls for generations that this member does not know yet. */
  #parked: { readonly request: PullRequest; readonly sink: FrameSink }[] = [];
  #waiting: (() => void)[] = [];

  constructor(private readonly options: GenerationsOptions) {}

  /** The newest round entered; it may be abandoned already. */
  get round(): Round | undefined {
    return this.#round;
  }

  /** Newest generation entered; 0 = none. */
  get number(): number {
    return this.#generation;
  }

  start(dataPlane: DataPlane): void {
    this.#dataPlane = dataPlane;
  }

  /** The round to work in; undefined = there is none now, wait for a {@link change}. */
  current(): Round | undefined {
    this.#enterNext();
    return this.#round?.isAbandoned === false ? this.#round : undefined;
  }

  announce(membership: Membership): void {
    const newest = this.#next?.generation ?? this.#generation;
    if (membership.generation <= newest || this.#closed || this.#rankIn(membership) < 0) return;
    this.#next = membership;
    const remaining = new Set(membership.members.map(processKey));
    const allStay = this.#round?.members.every((member) => remaining.has(processKey(member))) === true;
    const live = this.#round?.isAbandoned === false;
    // Nothing is wrong with the generation under way: it goes on to the end of its sum.
    if (allStay && this.isReducing && membership.cause === 'joined') return;
    if (allStay && live && membership.cause === 'balanced') return;
    this.#enterNext();
  }

  /** A peer asks for the frames of a generation. */
  admit(request: PullRequest, sink: FrameSink): void {
    const { jobUid, token } = this.options;
    if (request.jobUid !== jobUid || !sameSecret(request.token, token)) return sink.refuse('stranger');
    if (request.generation < this.#generation || this.#closed) return sink.refuse('stale');
    if (request.generation === this.#generation && this.#round !== undefined)
      return this.#round.attach(request, sink);
    this.#parked.push({ request, sink });
    if (this.#parked.length > MAX_PARKED_PULLS) this.#parked.shift()?.sink.refuse('stale');
  }

  /** Resolves at the next {@link wake}; rejects with what `giveUp`, asked now and then, returns. */
  async change(giveUp?: () => Error | undefined): Promise<void> {
    let fail: ((reason: Error) => void) | undefined;
    const again = setInterval(() => {
      this.#round?.complainAgain();
      const reason = giveUp?.();
      if (reason !== undefined) fail?.(reason);
    }, REPORT_AGAIN_MS);
    try {
      await new Promise<void>((resolve, reject) => {
        fail = reject;
        this.#waiting.push(resolve);
      });
    } finally {
      clearInterval(again);
    }
  }

  wake(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#round?.abandon('closed');
    this.wake();
    for (const { sink } of this.#parked.splice(0)) sink.end();
    await this.#round?.retired();
  }

  #enterNext(): void {
    const membership = this.#next;
    const dataPlane = this.#dataPlane;
    if (membership === undefined || dataPlane === undefined) return;
    const { generation } = membership;
    this.#next = undefined;
    this.#round?.abandon(`generation ${generation} begins`);
    // Those who were members may still be reading what was sent to them.
    dataPlane.keepOnly([...membership.members, ...(this.#round?.members ?? [])]);
    this.#generation = generation;
    const { jobUid, token, memberId, incarnation } = this.options;
    this.#round = new Round({
      membership,
      rank: this.#rankIn(membership),
      dataPlane,
      request: { jobUid, token, memberId, incarnation, generation },
      onPeerFailure: (failure) => this.options.onPeerFailure(generation, failure),
    });
    this.options.onBegin(this.#round, membership);
    const parked = this.#parked;
    this.#parked = [];
    for (const { request, sink } of parked) this.admit(request, sink);
    this.wake();
  }

  #rankIn(membership: Membership): number {
    const { memberId, incarnation } = this.options;
    return membership.members.findIndex(
      (member) => member.memberId === memberId && member.incarnation === incarnation,
    );
  }
}

function processKey(member: Membership['members'][number]): string {
  return `${member.memberId} ${member.incarnation}`;
}
