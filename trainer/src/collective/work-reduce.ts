import type { WorkPhase } from '@tuneyard/proto';

import { FrameError } from '../errors.js';
import type { Deal } from './deal.js';
import type { Scalars } from './group.js';
import { giveStaging, takeStaging } from './kernels.js';
import type { OutgoingFrame } from './outbox.js';
import { addScalars, type PartialSums } from './partial-sums.js';
import { chunksOf, isReplicated, segmentsOf, type Segment } from './segments.js';
import type { Numbers, SumFormat } from './sum-format.js';
import { sameBlock, sumInOrder, type Block } from './tree.js';
import {
  bodyAsNumbers,
  bytesOf,
  bytesPerNumber,
  FrameDtype,
  FrameKind,
  encodeFrame,
  HEADER_BYTES,
  type EncodedFrame,
  type Frame,
  type FrameHeader,
} from './wire-format.js';

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
  send(rank: number, ...frames: readonly OutgoingFrame[]): void;
}

interface Part {
  readonly block: Block;
  readonly value: Summand;
}

interface Summand {
  readonly numbers: Numbers;
  /** Nobody else needs it: sums may be made in it. */
  readonly spare: boolean;
}

/** A chunk of this member's segment, while its parts arrive. */
interface PendingChunk {
  readonly chunk: Segment;
  readonly parts: Part[];
}

const NO_BLOCK: Block = { start: 0, size: 0 };

/**
 * One all-reduce: reduce-scatter (the owner of a segment receives everybody's partial sums of it and finishes the
 * tree), then all-gather (it sends the result to everybody). Short vectors go to everybody at once, and everybody
 * finishes the tree. Frames may arrive before this member's own sums are ready.
 */
export class WorkReduce {
  /** All members' flags, or-ed; complete with {@link done}. */
  flags = 0;
  readonly done: Promise<Scalars>;
  /** This member's segment of the sum, as others read it. */
  readonly results: Numbers;
  bytesSent = 0;
  additionSeconds = 0;
  #resolve: (scalars: Scalars) => void = () => {};
  #contributedAt = 0;
  readonly #contributionOf: number[] = [];
  #finished = false;
  #disposed = false;
  readonly #segments: readonly Segment[];
  readonly #own: Segment;
  readonly #replicated: boolean;
  readonly #pending = new Map<number, PendingChunk>();
  /** Results of others' segments that are still to come, by first element. */
  readonly #awaited = new Map<number, { readonly chunk: Segment; readonly owner: number }>();
  readonly #scalars: { readonly block: Block; readonly value: Scalars }[] = [];
  readonly #scalarsFrom = new Set<number>();
  readonly #blocks: number;

  constructor(private readonly options: WorkReduceOptions) {
    const { rank, size, out, deal, format } = options;
    this.#segments = segmentsOf(out.length, size);
    this.#own = this.#segments[rank] ?? { start: 0, end: 0 };
    this.results = format.results(out, this.#own);
    this.#replicated = isReplicated(out.length);
    this.#blocks = deal.blocks.reduce((sum, blocks) => sum + blocks.length, 0);
    this.done = new Promise((resolve) => (this.#resolve = resolve));
    this.#segments.forEach((segment, owner) => {
      for (const chunk of chunksOf(segment)) {
        if (owner === rank) this.#pending.set(chunk.start, { chunk, parts: [] });
        else if (!this.#replicated) this.#awaited.set(chunk.start, { chunk, owner });
      }
    });
  }

  /** This member's own sums are complete: contributes them. */
  contribute(sums: PartialSums, flags: number): void {
    this.#contributedAt = performance.now();
    const { rank, size, deal } = this.options;
    const own = (deal.blocks[rank] ?? []).map((block) => {
      const sum = sums.get(block);
      if (sum === undefined)
        throw new Error(`units ${block.start}..${block.start + block.size - 1} are not summed yet`);
      return sum;
    });
    const scalars = new Float64Array(own.flatMap((sum) => [sum.scalars.lossSum, sum.scalars.trainedTokens]));
    const summary = this.#encode(
      size - 1,
      {
        kind: FrameKind.scalars,
        dtype: FrameDtype.f64,
        flags,
        block: NO_BLOCK,
        offset: 0,
        length: scalars.length,
      },
      bytesOf(scalars),
    );
    // Each begins with its next neighbour, so that not all send to the same one first.
    const partialsFor = (segment: Segment): OutgoingFrame[] =>
      chunksOf(segment).flatMap((chunk) =>
        own.map(({ block, vector }) => this.#partial(block, chunk, vector)),
      );
    const forAll = this.#replicated ? partialsFor(this.#own) : undefined;
    for (let away = 1; away < size; away++) {
      const peer = (rank + away) % size;
      const frames = forAll ?? partialsFor(this.#segments[peer] ?? { start: 0, end: 0 });
      this.options.send(peer, summary, ...frames);
    }
    this.#acceptScalars(rank, scalars, flags);
    for (const { chunk } of this.#pending.values())
      for (const { block, vector } of own) {
        const numbers = vector.subarray(chunk.start, chunk.end);
        this.#acceptPart(chunk, { block, value: { numbers, spare: false } });
      }
    this.#check();
  }

  /** The generation is over: what has arrived is of no use. */
  dispose(): void {
    for (const { parts } of this.#pending.values()) for (const { value } of parts) giveStaging(value.numbers);
    this.#pending.clear();
    this.#disposed = true;
  }

  /** Throws a FrameError when the frame has no place in this reduction. */
  accept(from: number, frame: Frame): void {
    if (this.#disposed) return giveStaging(frame.body);
    if (frame.kind !== FrameKind.result) this.#contributionOf[from] = performance.now();
    if (frame.kind === FrameKind.scalars) {
      const blocks = this.options.deal.blocks[from]?.length ?? 0;
      if (frame.body.byteLength !== 16 * blocks || this.#scalarsFrom.has(from))
        throw new FrameError(
          `scalars for ${frame.body.byteLength / 16} blocks where ${blocks} were expected once`,
        );
      const values = new Float64Array(2 * blocks);
      new Uint8Array(values.buffer).set(frame.body);
      this.#acceptScalars(from, values, frame.flags);
    } else if (frame.kind === FrameKind.partial) this.#acceptPartial(from, frame);
    else if (frame.kind === FrameKind.result) this.#acceptResult(from, frame);
    else throw new FrameError(`a frame of kind ${frame.kind} inside a reduction`);
    this.#check();
  }

  /** How long this member's contribution was ready before that of `rank` had come. */
  waitSeconds(rank: number): number {
    return Math.max(0, (this.#contributionOf[rank] ?? 0) - this.#contributedAt) / 1000;
  }

  #acceptScalars(from: number, values: Float64Array, flags: number): void {
    this.flags |= flags;
    this.#scalarsFrom.add(from);
    (this.options.deal.blocks[from] ?? []).forEach((block, at) =>
      this.#scalars.push({
        block,
        value: { lossSum: values[2 * at] ?? 0, trainedTokens: values[2 * at + 1] ?? 0 },
      }),
    );
  }

  #acceptPartial(from: number, frame: Frame): void {
    const pending = this.#pending.get(frame.offset);
    const fits = pending !== undefined && frame.length === pending.chunk.end - pending.chunk.start;
    const owed = this.options.deal.blocks[from]?.some((block) => sameBlock(block, frame.block)) === true;
    const known = pending?.parts.some((part) => sameBlock(part.block, frame.block)) === true;
    if (!fits || !owed || known)
      throw new FrameError(
        `an unexpected partial sum of units ${frame.block.start}+${frame.block.size}, elements ${frame.offset}+${frame.length}`,
      );
    this.#acceptPart(pending.chunk, {
      block: frame.block,
      value: { numbers: bodyAsNumbers(frame, this.options.format), spare: true },
    });
  }

  #acceptPart(chunk: Segment, part: Part): void {
    const pending = this.#pending.get(chunk.start);
    if (pending === undefined) return;
    pending.parts.push(part);
    if (pending.parts.length < this.#blocks) return;
    this.#pending.delete(chunk.start);
    const { out, rank, size, format } = this.options;
    const began = performance.now();
    const { numbers, spare } = sumInOrder(this.options.count, pending.parts, (left, right, block) =>
      this.#addSummands(left, right, block, chunk.start),
    );
    this.additionSeconds += (performance.now() - began) / 1000;
    const results = this.results.subarray(chunk.start - this.#own.start, chunk.end - this.#own.start);
    results.set(numbers);
    if (!this.#replicated && size > 1) {
      const header = {
        kind: FrameKind.result,
        dtype: format.dtype,
        flags: 0,
        block: NO_BLOCK,
        offset: chunk.start,
        length: numbers.length,
      };
      const frame = this.#encode(size - 1, header, bytesOf(results), bytesOf(numbers));
      for (let away = 1; away < size; away++) this.options.send((rank + away) % size, frame);
    }
    format.toFloats(out.subarray(chunk.start, chunk.end), results);
    if (spare) giveStaging(numbers);
  }

  #acceptResult(from: number, frame: Frame): void {
    const awaited = this.#awaited.get(frame.offset);
    if (awaited?.owner !== from || frame.length !== awaited.chunk.end - awaited.chunk.start)
      throw new FrameError(`an unexpected result, elements ${frame.offset}+${frame.length}`);
    this.#awaited.delete(frame.offset);
    const { format, out } = this.options;
    const target = out.subarray(frame.offset, frame.offset + frame.length);
    format.toFloats(target, bodyAsNumbers(frame, format));
    giveStaging(frame.body);
  }

  #check(): void {
    const complete =
      this.#pending.size === 0 && this.#awaited.size === 0 && this.#scalarsFrom.size === this.options.size;
    if (!complete || this.#finished) return;
    this.#finished = true;
    this.#resolve(sumInOrder(this.options.count, this.#scalars, addScalars));
  }

  #partial(block: Block, chunk: Segment, vector: Numbers): OutgoingFrame {
    const length = chunk.end - chunk.start;
    const header = {
      kind: FrameKind.partial,
      dtype: this.options.format.dtype,
      flags: 0,
      block,
      offset: chunk.start,
      length,
    };
    // Nobody answers a short vector, and its memory may be used again while it is still on its way.
    if (this.#replicated) {
      const copy = vector.slice(chunk.start, chunk.end);
      return this.#encode(this.options.size - 1, header, bytesOf(copy));
    }
    // The owner of a segment answers only after it has read this, so a view will do.
    return () => this.#encode(1, header, bytesOf(vector.subarray(chunk.start, chunk.end)));
  }

  #encode(
    receivers: number,
    header: Omit<FrameHeader, 'generation' | 'step' | 'phase'>,
    body: Uint8Array,
    sameBody = body,
  ): EncodedFrame {
    const { generation, step, phase } = this.options;
    this.bytesSent += receivers * (HEADER_BYTES + body.byteLength);
    return encodeFrame({ ...header, generation, step, phase }, body, sameBody);
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
