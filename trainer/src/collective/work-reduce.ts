import type { WorkPhase } from '@tuneyard/proto';

import { FrameError } from '../errors.js';
import { inSlices } from '../support/index.js';
import type { Deal } from './deal.js';
import type { Scalars } from './group.js';
import { giveStaging, takeStaging } from './kernels.js';
import type { OutgoingFrame } from './outbox.js';
import type { PartialSum, PartialSums, VectorPool } from './partial-sums.js';
import { apart, routesOf, type Route } from './routes.js';
import { ScalarSums, scalarsOf } from './scalar-sums.js';
import { CHUNK_ELEMENTS, chunksOf, isReplicated, segmentsOf, type Segment } from './segments.js';
import type { Numbers, SumFormat } from './sum-format.js';
import { addSiblings, sameBlock, sumInOrder, type Block, type Part } from './tree.js';
import { bodyAsNumbers, bytesPerNumber, FrameKind, type EncodedFrame, type Frame } from './wire-format.js';
import { WorkFrames } from './work-frames.js';

export interface WorkReduceOptions {
  readonly generation: number;
  readonly step: number;
  readonly phase: WorkPhase;
  readonly rank: number;
  readonly size: number;
  readonly count: number;
  readonly deal: Deal;
  /** Where the sum goes; its length is that of the vectors. Not read or written by others until the next sum is done. */
  readonly out: Float32Array;
  /** How sums are made and sent. */
  readonly format: SumFormat;
  /** By rank: which members are near each other, the same on all of them; default: every one is alone. */
  readonly nodes?: readonly string[] | undefined;
  /** Memory for sums that this member makes for others and for results that it passes on. */
  readonly relayed?: VectorPool<Numbers>;
  send(rank: number, ...frames: readonly OutgoingFrame[]): void;
}

interface Summand {
  readonly numbers: Numbers;
  /** Nobody else needs it: sums may be made in it. */
  readonly spare: boolean;
}

/** A chunk that this member adds up, while its parts arrive. */
interface PendingChunk {
  readonly chunk: Segment;
  readonly owner: number;
  /** By rank: the blocks that come from there. */
  readonly from: ReadonlyMap<number, readonly Block[]>;
  /** Blocks of all of them. */
  readonly expected: number;
  readonly parts: Part<Summand>[];
}

/**
 * One all-reduce: reduce-scatter (the owner of a segment receives everybody's partial sums of it and finishes the
 * tree), then all-gather (it sends the result to everybody), both by way of relays where members share nodes
 * (routes.ts). Short vectors go to everybody at once, and everybody finishes the tree. Frames may arrive before this
 * member's own sums are ready.
 */
export class WorkReduce {
  readonly done: Promise<Scalars>;
  /** What this member sends of the sum, as others read it. */
  readonly results: Numbers;
  additionSeconds = 0;
  readonly #frames: WorkFrames;
  #resolve: (scalars: Scalars) => void = () => {};
  #contributedAt = 0;
  readonly #contributionOf: number[] = [];
  #finished = false;
  #disposed = false;
  readonly #segments: readonly Segment[];
  /** By owner of a segment. */
  readonly #routes: readonly Route[];
  /** Where {@link results} begin. */
  readonly #sentFrom: number;
  readonly #replicated: boolean;
  readonly #pending = new Map<number, PendingChunk>();
  /** Results of others' segments that are still to come, by first element. */
  readonly #awaited = new Map<number, { readonly chunk: Segment; readonly route: Route }>();
  readonly #scalars: ScalarSums;
  /** Sums made for others; `#relaySpace` of it is in use. */
  readonly #relay: Numbers | undefined;
  #relaySpace = 0;

  constructor(private readonly options: WorkReduceOptions) {
    const { rank, size, count, out, deal, format } = options;
    this.#frames = new WorkFrames(options, format.dtype);
    this.#scalars = new ScalarSums(count, size, deal);
    this.#segments = segmentsOf(out.length, size);
    this.#replicated = isReplicated(out.length);
    const nodes = options.nodes ?? apart(size);
    this.#routes = this.#replicated ? [] : routesOf({ rank, nodes, blocks: deal.blocks, count });
    this.done = new Promise((resolve) => (this.#resolve = resolve));
    const own = this.#segments[rank] ?? { start: 0, end: 0 };
    if (this.#replicated) this.#await(own, rank, new Map(deal.blocks.entries()));
    let relayed = 0;
    for (const route of this.#routes) {
      const { owner, collects } = route;
      const segment = this.#segments[owner] ?? { start: 0, end: 0 };
      if (collects !== undefined) this.#await(segment, owner, collects.from);
      if (owner === rank) continue;
      relayed += (collects?.makes.length ?? 0) * (segment.end - segment.start);
      for (const chunk of chunksOf(segment)) this.#awaited.set(chunk.start, { chunk, route });
    }
    const passesOn = this.#routes.some(({ owner, resultsTo }) => owner !== rank && resultsTo.length > 0);
    this.#sentFrom = passesOn ? 0 : own.start;
    this.results = format.results(out, passesOn ? { start: 0, end: out.length } : own);
    if (relayed > 0) this.#relay = options.relayed?.take(relayed) ?? format.allocate(relayed);
  }

  /** All members' flags, or-ed; complete with {@link done}. */
  get flags(): number {
    return this.#scalars.flags;
  }

  /** To all peers. */
  get bytesSent(): number {
    return this.#frames.bytesSent;
  }

  /** This member's own sums are complete: contributes them. Resolves when they are added to what others have sent. */
  async contribute(sums: PartialSums, flags: number): Promise<void> {
    this.#contributedAt = performance.now();
    const { rank, size, deal } = this.options;
    const own = (deal.blocks[rank] ?? []).map((block) => {
      const sum = sums.get(block);
      if (sum === undefined)
        throw new Error(`units ${block.start}..${block.start + block.size - 1} are not summed yet`);
      return sum;
    });
    const scalars = scalarsOf(own);
    const summary = this.#frames.scalars(size - 1, scalars, flags);
    const frames = this.#framesOf(own);
    // Each begins with its next neighbour, so that not all send to the same one first.
    for (let away = 1; away < size; away++) {
      const peer = (rank + away) % size;
      this.options.send(peer, summary, ...(frames[peer] ?? []));
    }
    this.#scalars.add(rank, scalars, flags);
    const pending = [...this.#pending.values()].filter(({ from }) => from.has(rank));
    await inSlices(pending.length, 4 * CHUNK_ELEMENTS, (first, end) => {
      if (!this.#disposed) for (const chunk of pending.slice(first, end)) this.#addOwn(chunk, own);
    });
    this.#check();
  }

  /** The generation is over: what has arrived is of no use. */
  dispose(): void {
    for (const { parts } of this.#pending.values()) for (const { value } of parts) giveStaging(value.numbers);
    this.#pending.clear();
    this.#disposed = true;
  }

  /** The sum is complete here: what this member made for others has been read, its memory may be used again. */
  release(): void {
    if (this.#relay !== undefined) this.options.relayed?.give(this.#relay);
  }

  /** Throws a FrameError when the frame has no place in this reduction. */
  accept(from: number, frame: Frame): void {
    if (this.#disposed) return giveStaging(frame.body);
    const isOwn = (block: Block): boolean => sameBlock(block, frame.block);
    // The sums of a node come late when one of its members is late, which need not be the relay.
    if (frame.kind === FrameKind.scalars || this.options.deal.blocks[from]?.some(isOwn) === true)
      this.#contributionOf[from] = performance.now();
    if (frame.kind === FrameKind.scalars) this.#scalars.accept(from, frame.body, frame.flags);
    else if (frame.kind === FrameKind.partial) this.#acceptPartial(from, frame);
    else if (frame.kind === FrameKind.result) this.#acceptResult(from, frame);
    else throw new FrameError(`a frame of kind ${frame.kind} inside a reduction`);
    this.#check();
  }

  /** How long this member's contribution was ready before that of `rank` had come. */
  waitSeconds(rank: number): number {
    return Math.max(0, (this.#contributionOf[rank] ?? 0) - this.#contributedAt) / 1000;
  }

  /** This member adds up what comes `from` others and itself. */
  #await(segment: Segment, owner: number, from: PendingChunk['from']): void {
    const expected = [...from.values()].reduce((sum, blocks) => sum + blocks.length, 0);
    if (expected === 0) return;
    for (const chunk of chunksOf(segment))
      this.#pending.set(chunk.start, { chunk, owner, from, expected, parts: [] });
  }

  #acceptPartial(from: number, frame: Frame): void {
    const pending = this.#pending.get(frame.offset);
    const fits = pending !== undefined && frame.length === pending.chunk.end - pending.chunk.start;
    const owed = pending?.from.get(from)?.some((block) => sameBlock(block, frame.block)) === true;
    const known = pending?.parts.some((part) => sameBlock(part.block, frame.block)) === true;
    if (!fits || !owed || known)
      throw new FrameError(
        `an unexpected partial sum of units ${frame.block.start}+${frame.block.size}, elements ${frame.offset}+${frame.length}`,
      );
    this.#acceptPart(pending, {
      block: frame.block,
      value: { numbers: bodyAsNumbers(frame, this.options.format), spare: true },
    });
  }

  #addOwn(pending: PendingChunk, own: readonly PartialSum[]): void {
    for (const { block, vector } of own) {
      const numbers = vector.subarray(pending.chunk.start, pending.chunk.end);
      this.#acceptPart(pending, { block, value: { numbers, spare: false } });
    }
  }

  #acceptPart(pending: PendingChunk, part: Part<Summand>): void {
    const { chunk, owner, expected, parts } = pending;
    parts.push(part);
    if (parts.length < expected) return;
    this.#pending.delete(chunk.start);
    const began = performance.now();
    const sums = addSiblings(this.options.count, parts, (left, right, block) =>
      this.#addSummands(left, right, block, chunk.start),
    );
    this.additionSeconds += (performance.now() - began) / 1000;
    if (owner !== this.options.rank) for (const sum of sums) this.#passOn(chunk, owner, sum);
    else this.#publish(chunk, sums);
  }

  /** A sum of this node goes to the owner of the segment. */
  #passOn(chunk: Segment, owner: number, { block, value: { numbers, spare } }: Part<Summand>): void {
    if (!spare || this.#relay === undefined)
      return this.options.send(
        owner,
        this.#partial(block, chunk, () => numbers),
      );
    const kept = this.#relay.subarray(this.#relaySpace, (this.#relaySpace += numbers.length));
    kept.set(numbers);
    giveStaging(numbers);
    this.options.send(
      owner,
      this.#partial(block, chunk, () => kept),
    );
  }

  /** This member's segment is complete. */
  #publish(chunk: Segment, sums: readonly Part<Summand>[]): void {
    const { numbers, spare } = sumInOrder(this.options.count, sums, () => {
      throw new Error('what can be added has been added');
    });
    const results = this.#resultsAt(chunk);
    results.set(numbers);
    const { out, rank, format } = this.options;
    if (!this.#replicated) this.#sendResult(chunk, this.#routes[rank]?.resultsTo ?? [], numbers);
    format.toFloats(out.subarray(chunk.start, chunk.end), results);
    if (spare) giveStaging(numbers);
  }

  #acceptResult(from: number, frame: Frame): void {
    const awaited = this.#awaited.get(frame.offset);
    if (
      awaited?.route.resultFrom !== from ||
      frame.length !== awaited.chunk.end - awaited.chunk.start ||
      this.#pending.has(frame.offset)
    )
      throw new FrameError(`an unexpected result, elements ${frame.offset}+${frame.length}`);
    this.#awaited.delete(frame.offset);
    const { format, out } = this.options;
    const { chunk, route } = awaited;
    const numbers = bodyAsNumbers(frame, format);
    if (route.resultsTo.length > 0) {
      this.#resultsAt(chunk).set(numbers);
      this.#sendResult(chunk, route.resultsTo, numbers);
    }
    format.toFloats(out.subarray(chunk.start, chunk.end), numbers);
    giveStaging(frame.body);
  }

  #resultsAt({ start, end }: Segment): Numbers {
    return this.results.subarray(start - this.#sentFrom, end - this.#sentFrom);
  }

  /** `numbers`: the same as in {@link results}. */
  #sendResult(chunk: Segment, ranks: readonly number[], numbers: Numbers): void {
    if (ranks.length === 0) return;
    const frame = this.#frames.result(ranks.length, chunk.start, this.#resultsAt(chunk), numbers);
    for (const rank of ranks) this.options.send(rank, frame);
  }

  #check(): void {
    const complete = this.#pending.size === 0 && this.#awaited.size === 0 && this.#scalars.isComplete;
    if (!complete || this.#finished) return;
    this.#finished = true;
    this.#resolve(this.#scalars.sum());
  }

  /** By rank: the frames with this member's own sums. */
  #framesOf(own: readonly PartialSum[]): readonly (readonly OutgoingFrame[])[] {
    const { rank, size } = this.options;
    const partialsOf = (segment: Segment, receivers: number): OutgoingFrame[] =>
      chunksOf(segment).flatMap((chunk) =>
        own.map(({ block, vector }) =>
          this.#partial(block, chunk, () => vector.subarray(chunk.start, chunk.end), receivers),
        ),
      );
    const [whole] = this.#segments;
    if (this.#replicated && whole !== undefined) {
      const forAll = partialsOf(whole, size - 1);
      return this.#segments.map(() => forAll);
    }
    const frames: OutgoingFrame[][] = this.#segments.map(() => []);
    for (let away = 1; away < size; away++) {
      const owner = (rank + away) % size;
      const to = this.#routes[owner]?.partialsTo ?? owner;
      const segment = this.#segments[owner];
      if (to !== rank && segment !== undefined) frames[to]?.push(...partialsOf(segment, 1));
    }
    return frames;
  }

  #partial(block: Block, chunk: Segment, read: () => Numbers, receivers = 1): OutgoingFrame {
    const encode = (numbers: Numbers): EncodedFrame =>
      this.#frames.partial(receivers, block, chunk.start, numbers);
    // Nobody answers a short vector, and its memory may be used again while it is still on its way.
    if (this.#replicated) return encode(read().slice());
    // A result comes only after this has been read, so a view will do.
    return () => encode(read());
  }

  /** left + right, the elements of `block`'s sum from `first` on. */
  #addSummands(left: Summand, right: Summand, block: Block, first: number): Summand {
    const { format } = this.options;
    const { length } = left.numbers;
    const target = left.spare ? left.numbers : right.spare ? right.numbers : takeNumbers(format, length);
    format.add(block, first, target, left.numbers, right.numbers);
    if (left.spare && right.spare) giveStaging(right.numbers);
    return { numbers: target, spare: true };
  }
}

function takeNumbers(format: SumFormat, length: number): Numbers {
  const staged = takeStaging(0, length * bytesPerNumber(format.dtype));
  return staged === undefined
    ? format.allocate(length)
    : format.view(staged.buffer, staged.byteOffset, length);
}
