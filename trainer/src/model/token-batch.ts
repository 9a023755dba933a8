/** Token sequences side by side; the fields of the data room's micro-batch. Arrays are row-major `[batch, length]`. */
export interface TokenBatch {
  readonly batch: number;
  readonly length: number;
  readonly inputIds: Int32Array;
  /** The token id at the same place, or -100. */
  readonly labels: Int32Array;
  /** Restart at 0 with every packed example. */
  readonly positionIds: Int32Array;
  /** 0 = padding; different numbers do not see each other. */
  readonly segmentIds: Int32Array;
}

/** Unpacked sequences of any lengths, padded on the right to the longest; nothing is labelled. */
export function padSequences(sequences: readonly (readonly number[] | Int32Array)[]): TokenBatch {
  const length = sequences.reduce((longest, sequence) => Math.max(longest, sequence.length), 1);
  const size = sequences.length * length;
  const batch = {
    batch: sequences.length,
    length,
    inputIds: new Int32Array(size),
    labels: new Int32Array(size).fill(-100),
    positionIds: new Int32Array(size),
    segmentIds: new Int32Array(size),
  };
  for (const [row, sequence] of sequences.entries()) {
    for (let column = 0; column < sequence.length; column++) {
      const at = row * length + column;
      batch.inputIds[at] = sequence[column] ?? 0;
      batch.positionIds[at] = column;
      batch.segmentIds[at] = 1;
    }
  }
  return batch;
}
