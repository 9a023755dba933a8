import { crc32 } from 'node:zlib';

import type { FetchStateRequest, StateChunk } from '@tuneyard/proto';

import { FrameError } from '../errors.js';

const CHUNK_BYTES = 1 << 18;
/** Adapter state of the largest model anybody trains here; a peer that announces more is not believed. */
const MAX_STATE_BYTES = 2 ** 33;

/** The state of one step, as a donor hands it out. */
export interface StateImage {
  readonly step: number;
  readonly bytes: Uint8Array;
}

/** Cuts a state into checked chunks, from `offset` on. A request for another step starts at 0. */
export function* stateChunks(
  image: StateImage,
  request: Pick<FetchStateRequest, 'step' | 'offset'>,
): Generator<StateChunk> {
  const { step, bytes } = image;
  const resumed = request.step === step && request.offset <= bytes.byteLength ? request.offset : 0;
  let offset = resumed;
  do {
    const data = bytes.subarray(offset, offset + CHUNK_BYTES);
    yield { step, offset, totalBytes: bytes.byteLength, data: Buffer.from(data), crc32: crc32(data) };
    offset += data.byteLength;
  } while (offset < bytes.byteLength);
}

/** A state while it arrives; keeps what it has when a donor fails, so that the next one continues. */
export class StateAssembly {
  #step = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #received = 0;

  get next(): { readonly step: number; readonly offset: number } {
    return { step: this.#step, offset: this.#received };
  }

  /** Takes the next chunk; returns the state when it is complete. Throws a FrameError on a damaged or misplaced one. */
  accept(chunk: StateChunk): StateImage | undefined {
    const { step, offset, totalBytes, data } = chunk;
    if (totalBytes > MAX_STATE_BYTES || totalBytes < 0)
      throw new FrameError(`a state of ${totalBytes} bytes`);
    if (crc32(data) !== chunk.crc32) throw new FrameError('a chunk of state was damaged on its way');
    if (step !== this.#step || totalBytes !== this.#bytes.byteLength) {
      if (offset !== 0) throw new FrameError(`state of step ${step} begins at byte ${offset}`);
      this.#step = step;
      this.#bytes = new Uint8Array(totalBytes);
      this.#received = 0;
    }
    if (offset === 0) this.#received = 0;
    if (offset !== this.#received || offset + data.byteLength > totalBytes)
      throw new FrameError(`state at byte ${offset} where ${this.#received} was next`);
    this.#bytes.set(data, offset);
    this.#received += data.byteLength;
    return this.#received === totalBytes ? { step, bytes: this.#bytes } : undefined;
  }
}
