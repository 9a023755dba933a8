import { setImmediate as turn } from 'node:timers/promises';

/** Some milliseconds of copying, adding or hashing; a multiple of what any kernel wants its slices to be. */
export const SLICE_BYTES = 1 << 24;

/**
 * Goes over something long, `work(start, end)` by `work(start, end)`, and lets the event loop turn in between: a thread
 * that answers others must never be away for long, or they take it for dead. What fits one slice is done at once.
 * @param length elements; nothing is done for 0
 * @param elementBytes bytes of one, so that a slice has {@link SLICE_BYTES}
 */
export async function inSlices(
  length: number,
  elementBytes: number,
  work: (start: number, end: number) => void,
): Promise<void> {
  const slice = SLICE_BYTES / elementBytes;
  for (let start = 0; start < length; start += slice) {
    if (start > 0) await turn();
    work(start, Math.min(start + slice, length));
  }
}

/** The beginning of target = source, in slices. */
export function copyInSlices<Values extends Uint8Array | Float32Array>(
  target: Values,
  source: Values,
): Promise<void> {
  return inSlices(source.length, source.BYTES_PER_ELEMENT, (start, end) =>
    target.set(source.subarray(start, end), start),
  );
}

/** The same bytes in memory of their own, copied in slices. */
export async function copyOf(bytes: Uint8Array): Promise<Uint8Array> {
  const copy = new Uint8Array(bytes.length);
  await copyInSlices(copy, bytes);
  return copy;
}
