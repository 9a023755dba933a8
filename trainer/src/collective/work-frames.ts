import type { Numbers } from './sum-format.js';
import type { Block } from './tree.js';
import {
  bytesOf,
  encodeFrame,
  FrameDtype,
  FrameKind,
  HEADER_BYTES,
  type EncodedFrame,
  type FrameHeader,
} from './wire-format.js';

const NO_BLOCK: Block = { start: 0, size: 0 };

/** The frames of one all-reduce; counts what they cost. */
export class WorkFrames {
  /** Of all frames, as often as each is sent. */
  bytesSent = 0;

  constructor(
    private readonly work: Pick<FrameHeader, 'generation' | 'step' | 'phase'>,
    private readonly dtype: FrameDtype,
  ) {}

  /** Loss sum and trained tokens of each block that a member contributes, in turn. */
  scalars(receivers: number, scalars: Float64Array, flags: number): EncodedFrame {
    const header = { kind: FrameKind.scalars, dtype: FrameDtype.f64, flags, block: NO_BLOCK, offset: 0 };
    return this.#encode(receivers, { ...header, length: scalars.length }, bytesOf(scalars));
  }

  /** Elements `offset` and following of the sum of a block. */
  partial(receivers: number, block: Block, offset: number, numbers: Numbers): EncodedFrame {
    const header = { kind: FrameKind.partial, dtype: this.dtype, flags: 0, block, offset };
    return this.#encode(receivers, { ...header, length: numbers.length }, bytesOf(numbers));
  }

  /** Elements `offset` and following of the whole sum. `same`: the same numbers, where their checksum is made faster. */
  result(receivers: number, offset: number, numbers: Numbers, same: Numbers): EncodedFrame {
    const header = { kind: FrameKind.result, dtype: this.dtype, flags: 0, block: NO_BLOCK, offset };
    return this.#encode(receivers, { ...header, length: numbers.length }, bytesOf(numbers), bytesOf(same));
  }

  #encode(
    receivers: number,
    header: Omit<FrameHeader, 'generation' | 'step' | 'phase'>,
    body: Uint8Array,
    same = body,
  ): EncodedFrame {
    const { generation, step, phase } = this.work;
    this.bytesSent += receivers * (HEADER_BYTES + body.byteLength);
    return encodeFrame({ ...header, generation, step, phase }, body, same);
  }
}
