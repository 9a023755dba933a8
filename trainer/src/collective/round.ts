import { Stance, WorkPhase, type Membership, type PullRequest } from '@tuneyard/proto';

import { FrameError } from '../errors.js';
import type { DataPlane, FrameSink } from './data-plane.js';
import type { ComplaintKind } from './group-events.js';
import { giveStaging } from './kernels.js';
import { Outbox, type OutgoingFrame } from './outbox.js';
import { checkStance, workKey, type Plan } from './stance.js';
import { decodeFrame, encodeFrame, FrameDtype, FrameKind, type Frame } from './wire-format.js';

/** Frames of works that this member has not come to yet: its peers are at most one work ahead. */
const MAX_EARLY_BYTES = 1 << 30;
/** How long a generation that is over goes on serving peers that have not finished reading. */
const RETIREMENT_MS = 5000;
/** The same when the process is about to end. */
const CLOSE_GRACE_MS = 1000;

/** The generation is over for this member; what it was doing goes on in the next one. */
export class RoundAbandoned extends Error {
  override readonly name = 'RoundAbandoned';
}

export interface RoundOptions {
  readonly membership: Membership;
  readonly rank: number;
  readonly dataPlane: DataPlane;
  /** Sent to every peer to open its stream. */
  readonly request: PullRequest;
  /** A link is broken, or a peer sends nonsense. */
  readonly onPeerFailure: (failure: Complaint) => void;
}

/** Why a generation cannot go on. */
export interface Complaint {
  readonly memberId: string;
  readonly reason: string;
  readonly kind: ComplaintKind;
}

/** Takes the frames of one work. */
export interface WorkIntake {
  /** Throws a FrameError when the frame has no place in the work. */
  accept(from: number, frame: Frame): void;
  /** The generation is over. */
  dispose(): void;
}

/** One generation as one member lives it: the streams to and from its peers, and what arrives early. */
export class Round {
  readonly generation: number;
  readonly size: number;
  readonly rank: number;
  plan: Plan | undefined;
  /** Rejects with RoundAbandoned when this round is over for this member. */
  readonly abandoned: Promise<never>;
  readonly stances: Promise<readonly Stance[]>;
  #abandon: (error: RoundAbandoned) => void = () => {};
  #isAbandoned = false;
  #resolveStances: (stances: readonly Stance[]) => void = () => {};
  readonly #stanceOf = new Map<number, Stance>();
  readonly #outboxes: readonly Outbox[];
  readonly #cancels: (() => void)[] = [];
  readonly #early = new Map<string, { rank: number; frame: Frame }[]>();
  #earlyBytes = 0;
  #complaints: readonly Complaint[] = [];
  #active: { readonly key: string; readonly intake: WorkIntake } | undefined;

  constructor(private readonly options: RoundOptions) {
    const { membership, rank, dataPlane, request } = options;
    this.generation = membership.generation;
    this.size = membership.members.length;
    this.rank = rank;
    this.abandoned = new Promise((_, reject) => (this.#abandon = reject));
    this.abandoned.catch(() => {});
    this.stances = new Promise((resolve) => (this.#resolveStances = resolve));
    this.#outboxes = membership.members.map(() => new Outbox());
    membership.members.forEach((peer, peerRank) => {
      if (peerRank === rank) return;
      const cancel = dataPlane.pull(peer, request, {
        onMessage: (message) => this.#receive(peerRank, message),
        // It may have sent all that we need before it went on.
        onEnd: () => setImmediate(() => this.#left(peer.memberId)),
        onError: (reason) => this.fail(peer.memberId, reason),
      });
      this.#cancels.push(cancel);
    });
  }

  get members(): Membership['members'] {
    return this.options.membership.members;
  }

  /** By rank: how fast the members are, relative to each other, as the coordinator has told all of them. */
  get speeds(): readonly number[] {
    return this.members.map(({ share }) => (share !== undefined && share > 0 ? share : 1));
  }

  /** By rank: where the members run; '' = not known. */
  get nodes(): readonly string[] {
    return this.members.map(({ node }) => node ?? '');
  }

  /** Why this generation was made. */
  get cause(): string {
    return this.options.membership.cause;
  }

  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  /** A peer has opened its stream for this generation. */
  attach(request: PullRequest, sink: FrameSink): void {
    const rank = this.members.findIndex(
      (member) => member.memberId === request.memberId && member.incarnation === request.incarnation,
    );
    const outbox = rank === this.rank ? undefined : this.#outboxes[rank];
    if (outbox === undefined) sink.refuse('stale');
    else outbox.attach(sink);
  }

  send(rank: number, ...frames: readonly OutgoingFrame[]): void {
    this.#outboxes[rank]?.send(...frames);
  }

  /** Tells everybody where this member stands; resolves with where everybody stands, by rank. */
  async exchangeStances(stance: Stance): Promise<readonly Stance[]> {
    const body = Stance.encode(stance).finish();
    const frame = encodeFrame(
      {
        kind: FrameKind.stance,
        phase: WorkPhase.WORK_PHASE_END,
        dtype: FrameDtype.bytes,
        flags: 0,
        generation: this.generation,
        step: stance.step,
        block: { start: 0, size: 0 },
        offset: 0,
        length: body.byteLength,
      },
      body,
    );
    this.#outboxes.forEach((outbox, rank) => {
      if (rank !== this.rank) outbox.send(frame);
    });
    this.#acceptStance(this.rank, stance);
    return this.orAbandon(this.stances);
  }

  /** Gives the frames of this work to `intake`, from the first that came. */
  post(step: number, phase: WorkPhase, intake: WorkIntake): void {
    const key = workKey(step, phase);
    this.#active = { key, intake };
    const early = this.#early.get(key) ?? [];
    this.#early.delete(key);
    // What is older than the work that begins is of no use any more.
    this.#dropEarly();
    for (const { rank, frame } of early) this.#deliver(rank, frame);
  }

  orAbandon<Result>(promise: Promise<Result>): Promise<Result> {
    return Promise.race([promise, this.abandoned]);
  }

  /** The link to a peer is of no use: tells the coordinator, and leaves this generation. */
  fail(memberId: string, reason: string, kind: ComplaintKind = 'link'): void {
    this.#complain([{ memberId, reason, kind }], `${memberId} failed: ${reason}`);
  }

  /** These members, this one perhaps among them, computed wrong bits: tells the coordinator, and leaves this generation. */
  denounce(memberIds: readonly string[], reason: string): void {
    const complaints = memberIds.map((memberId) => ({ memberId, reason, kind: 'wrong-bits' as const }));
    this.#complain(complaints, `${memberIds.join(' and ')} computed wrong bits`);
  }

  /** Nothing followed on what ended this generation: says it again. */
  complainAgain(): void {
    this.#complaints.forEach(this.options.onPeerFailure);
  }

  /** Resolves when the peers have read everything, or had time enough. */
  async retired(): Promise<void> {
    await Promise.race([
      Promise.all(this.#outboxes.map((outbox) => outbox.closed)),
      new Promise((resolve) => setTimeout(resolve, CLOSE_GRACE_MS).unref()),
    ]);
    this.destroy();
  }

  /** This member leaves the generation: peers still get what was sent to them. */
  abandon(reason: string): void {
    if (this.#isAbandoned) return;
    this.#isAbandoned = true;
    this.#abandon(new RoundAbandoned(reason));
    for (const cancel of this.#cancels) cancel();
    for (const outbox of this.#outboxes) outbox.retire();
    this.#dropEarly();
    this.#active?.intake.dispose();
    setTimeout(() => this.destroy(), RETIREMENT_MS).unref();
  }

  destroy(): void {
    this.abandon('closed');
    for (const outbox of this.#outboxes) outbox.destroy();
  }

  #left(memberId: string): void {
    const reason = `left generation ${this.generation}`;
    if (this.#complaints.length === 0) this.#complaints = [{ memberId, reason, kind: 'link' }];
    this.abandon(`${memberId} ${reason}`);
  }

  #complain(complaints: readonly Complaint[], why: string): void {
    if (this.#isAbandoned) return;
    this.#complaints = complaints;
    complaints.forEach(this.options.onPeerFailure);
    this.abandon(why);
  }

  #receive(rank: number, message: Buffer): void {
    if (this.#isAbandoned) return giveStaging(message);
    try {
      const frame = decodeFrame(message);
      if (frame.generation !== this.generation)
        throw new FrameError(`a frame of generation ${frame.generation} in ${this.generation}`);
      if (frame.kind === FrameKind.stance) this.#receiveStance(rank, frame);
      else this.#deliver(rank, frame);
    } catch (error) {
      giveStaging(message);
      const reason = error instanceof Error ? error.message : String(error);
      this.fail(this.members[rank]?.memberId ?? '', reason, 'frame');
    }
  }

  #receiveStance(rank: number, frame: Frame): void {
    const stance = Stance.decode(frame.body);
    checkStance(stance, this.generation);
    if (this.#stanceOf.has(rank)) throw new FrameError('a second stance');
    this.#acceptStance(rank, stance);
  }

  #acceptStance(rank: number, stance: Stance): void {
    this.#stanceOf.set(rank, stance);
    if (this.#stanceOf.size < this.size) return;
    const all = this.members.flatMap((_, of) => this.#stanceOf.get(of) ?? []);
    this.#resolveStances(all);
  }

  #dropEarly(): void {
    for (const frames of this.#early.values()) for (const { frame } of frames) giveStaging(frame.body);
    this.#early.clear();
    this.#earlyBytes = 0;
  }

  #deliver(rank: number, frame: Frame): void {
    const key = workKey(frame.step, frame.phase);
    if (this.#active?.key === key) return this.#active.intake.accept(rank, frame);
    this.#earlyBytes += frame.body.byteLength;
    if (this.#earlyBytes > MAX_EARLY_BYTES) throw new FrameError('too much data for later steps');
    const list = this.#early.get(key) ?? [];
    this.#early.set(key, list);
    list.push({ rank, frame });
  }
}
