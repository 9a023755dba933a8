import { Digests as DigestsMessage, type WorkPhase } from '@tuneyard/proto';

import { FrameError } from '../errors.js';
import { giveStaging } from './kernels.js';
import type { OutgoingFrame } from './outbox.js';
import type { Digests } from './verification.js';
import { encodeFrame, FrameDtype, FrameKind, type Frame } from './wire-format.js';

export interface BallotOptions {
  readonly generation: number;
  readonly step: number;
  readonly phase: WorkPhase;
  readonly rank: number;
  readonly size: number;
  send(rank: number, ...frames: readonly OutgoingFrame[]): void;
}

/** Everybody's digests by rank, once all are there. */
class Collection {
  readonly all: Promise<readonly Digests[]>;
  readonly #byRank = new Map<number, Digests>();
  #resolve: (all: readonly Digests[]) => void = () => {};

  constructor(private readonly size: number) {
    this.all = new Promise((resolve) => (this.#resolve = resolve));
  }

  add(rank: number, digests: Digests): void {
    if (this.#byRank.has(rank)) throw new FrameError('the same digests twice');
    this.#byRank.set(rank, digests);
    if (this.#byRank.size < this.size) return;
    this.#resolve(Array.from({ length: this.size }, (_, of) => this.#byRank.get(of) ?? new Map()));
  }
}

/** Brings the digests of one verification to all members; what each sends is the same for all. */
export class Ballot {
  readonly #first: Collection;
  readonly #again: Collection;

  constructor(private readonly options: BallotOptions) {
    this.#first = new Collection(options.size);
    this.#again = new Collection(options.size);
  }

  /** Tells what this member computed; resolves with what everybody did. At most once. */
  first(digests: Digests): Promise<readonly Digests[]> {
    return this.#cast(this.#first, false, digests);
  }

  /** The same for the second computation. */
  again(digests: Digests): Promise<readonly Digests[]> {
    return this.#cast(this.#again, true, digests);
  }

  /** Digests of a peer; they may come before this member's own. */
  accept(from: number, frame: Frame): void {
    const { again, units } = DigestsMessage.decode(frame.body);
    giveStaging(frame.body);
    const digests = new Map(
      units.map(({ unit, sha256 }) => [unit, Buffer.from(sha256).toString('hex')] as const),
    );
    (again ? this.#again : this.#first).add(from, digests);
  }

  #cast(into: Collection, again: boolean, digests: Digests): Promise<readonly Digests[]> {
    const { generation, step, phase, rank, size } = this.options;
    const units = [...digests].map(([unit, hex]) => ({ unit, sha256: Buffer.from(hex, 'hex') }));
    const body = DigestsMessage.encode({ again, units }).finish();
    const frame = encodeFrame(
      {
        kind: FrameKind.digests,
        phase,
        dtype: FrameDtype.bytes,
        flags: 0,
        generation,
        step,
        block: { start: 0, size: 0 },
        offset: 0,
        length: body.byteLength,
      },
      body,
    );
    for (let away = 1; away < size; away++) this.options.send((rank + away) % size, frame);
    into.add(rank, digests);
    return into.all;
  }
}
