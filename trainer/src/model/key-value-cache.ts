import * as tf from '@tensorflow/tfjs-core';
import type { AttentionOptions, Matrix } from '../tensor/index.js';

/** Keys and values of one sequence in one layer, in host memory: `[count, width]` of a larger buffer each. */
interface Track {
  keys: Float32Array;
  values: Float32Array;
  count: number;
}

export interface Projections {
  readonly query: Matrix;
  readonly key: Matrix;
  readonly value: Matrix;
}

/**
 * What generation remembers of the tokens so far: rotated keys and values of every layer and sequence. The first pass
 * fills it; each further pass brings one token a sequence and attends over what is kept, on the host: a single query
 * row is too little work for the backend to be worth a transfer of the whole cache.
 */
export class KeyValueCache {
  private readonly tracks: Track[][];
  /** The sequences that the rows of the next pass belong to. */
  private current: readonly number[] | undefined;

  constructor(
    layers: number,
    sequences: number,
    private readonly width: number,
  ) {
    this.tracks = Array.from({ length: layers }, () =>
      Array.from({ length: sequences }, () => ({
        keys: new Float32Array(0),
        values: new Float32Array(0),
        count: 0,
      })),
    );
  }

  /** True once {@link step} was called: rows are single tokens. */
  get stepping(): boolean {
    return this.current !== undefined;
  }

  /** The next pass has one row for each of these sequences. */
  step(sequences: readonly number[]): void {
    this.current = sequences;
  }

  /** Keeps the rows of the first pass that are no padding, after the prefix if there is one. */
  fill(
    layer: number,
    { key, value }: Projections,
    { batch, length, segmentIds, prefixKeys, prefixValues }: AttentionOptions,
  ): void {
    const [keys, values] = [key.dataSync<'float32'>(), value.dataSync<'float32'>()];
    const segments = segmentIds?.dataSync<'int32'>();
    const [leadKeys, leadValues] = [prefixKeys?.dataSync<'float32'>(), prefixValues?.dataSync<'float32'>()];
    for (let sequence = 0; sequence < batch; sequence++) {
      if (leadKeys && leadValues)
        this.append(layer, sequence, leadKeys, leadValues, 0, leadKeys.length / this.width);
      const begin = sequence * length;
      let end = begin;
      while (end < begin + length && segments?.[end] !== 0) end++;
      this.append(layer, sequence, keys, values, begin, end);
    }
  }

  /** Adds one row a sequence and returns its attention over all that is kept, `[rows, heads * headDim]`. */
  attend(layer: number, { query, key, value }: Projections, options: AttentionOptions): Matrix {
    const sequences = this.current ?? [];
    const [keys, values] = [key.dataSync<'float32'>(), value.dataSync<'float32'>()];
    const queries = query.dataSync<'float32'>();
    const mixed = new Float32Array(queries.length);
    for (const [row, sequence] of sequences.entries()) {
      this.append(layer, sequence, keys, values, row, row + 1);
      const track = this.track(layer, sequence);
      for (let head = 0; head < options.heads; head++)
        attendHead(track, this.width, queries, mixed, row, head, options);
    }
    return tf.tensor2d(mixed, [sequences.length, options.heads * options.headDim]);
  }

  private track(layer: number, sequence: number): Track {
    const track = this.tracks[layer]?.[sequence];
    if (!track) throw new RangeError(`no sequence ${sequence} in layer ${layer}`);
    return track;
  }

  private append(
    layer: number,
    sequence: number,
    keys: Float32Array,
    values: Float32Array,
    begin: number,
    end: number,
  ): void {
    const { width } = this;
    const track = this.track(layer, sequence);
    const count = track.count + end - begin;
    if (count * width > track.keys.length) {
      const capacity = Math.max(16, 2 * count) * width;
      track.keys = grown(track.keys, capacity);
      track.values = grown(track.values, capacity);
    }
    track.keys.set(keys.subarray(begin * width, end * width), track.count * width);
    track.values.set(values.subarray(begin * width, end * width), track.count * width);
    track.count = count;
  }
}

function grown(buffer: Float32Array, capacity: number): Float32Array {
  const larger = new Float32Array(capacity);
  larger.set(buffer);
  return larger;
}

/** softmax(scale q k) v of one head of one query row, over the last `window` of the kept positions. */
function attendHead(
  { keys, values, count }: Track,
  width: number,
  queries: Float32Array,
  mixed: Float32Array,
  row: number,
  head: number,
  { heads, kvHeads, headDim, scale, softcap, window = count }: AttentionOptions,
): void {
  const begin = Math.max(0, count - window);
  const query = (row * heads + head) * headDim;
  const offset = Math.floor((head * kvHeads) / heads) * headDim;
  const weights = new Float64Array(count - begin);
  let peak = -Infinity;
  for (let position = begin; position < count; position++) {
    let score = 0;
    const key = position * width + offset;
    for (let index = 0; index < headDim; index++)
      score += (queries[query + index] ?? 0) * (keys[key + index] ?? 0);
    score *= scale;
    if (softcap !== undefined) score = softcap * Math.tanh(score / softcap);
    weights[position - begin] = score;
    if (score > peak) peak = score;
  }
  let total = 0;
  for (const [index, score] of weights.entries()) total += weights[index] = Math.exp(score - peak);
  for (let position = begin; position < count; position++) {
    const weight = (weights[position - begin] ?? 0) / total;
    const value = position * width + offset;
    for (let index = 0; index < headDim; index++) {
      mixed[query + index] = (mixed[query + index] ?? 0) + weight * (values[value + index] ?? 0);
    }
  }
}
