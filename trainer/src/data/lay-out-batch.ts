import type { Example } from './encode-conversation.js';
import { IGNORED_LABEL, type MicroBatch } from './micro-batch.js';

/** Rows are padded to a multiple of this, so that few different shapes reach the device. */
export const LENGTH_MULTIPLE = 8;

/** Examples that share one row; one alone when nothing is packed. */
export type Sequence = readonly Example[];

export function lengthOf(sequence: Sequence): number {
  return sequence.reduce((sum, example) => sum + example.inputIds.length, 0);
}

/** Tokens of every row of a micro-batch of these sequences. */
export function paddedLength(sequences: readonly Sequence[]): number {
  const longest = sequences.reduce((max, sequence) => Math.max(max, lengthOf(sequence)), 0);
  return Math.ceil(longest / LENGTH_MULTIPLE) * LENGTH_MULTIPLE;
}

/**
 * Lays sequences out as the rows of a micro-batch: padded on the right, each packed example a segment of its own with
 * positions from 0. The first label of a later segment is not trained, since the token before it is another example's.
 */
export function layOutBatch(sequences: readonly Sequence[], padId: number): MicroBatch {
  const batch = sequences.length;
  const length = paddedLength(sequences);
  const inputIds = new Int32Array(batch * length).fill(padId);
  const labels = new Int32Array(batch * length).fill(IGNORED_LABEL);
  const positionIds = new Int32Array(batch * length);
  const segmentIds = new Int32Array(batch * length);
  for (const [row, sequence] of sequences.entries()) {
    let offset = row * length;
    for (const [index, example] of sequence.entries()) {
      const count = example.inputIds.length;
      inputIds.set(example.inputIds, offset);
      for (let position = index > 0 ? 1 : 0; position < count; position++) {
        if (example.trained[position]) labels[offset + position] = example.inputIds[position]!;
      }
      segmentIds.fill(index + 1, offset, offset + count);
      for (let position = 0; position < count; position++) positionIds[offset + position] = position;
      offset += count;
    }
  }
  return { batch, length, inputIds, labels, positionIds, segmentIds };
}
