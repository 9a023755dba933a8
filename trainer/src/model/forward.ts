import type * as tf from '@tensorflow/tfjs-core';
import type { Indices, Matrix, RopeTables } from '../tensor/index.js';
import type { KeyValueCache } from './key-value-cache.js';
import type { LinearModule } from './layout.js';

/**
 * Where a forward pass takes its weights from, and what an adapter changes on the way. The model is written against
 * this alone; the base model and every adapter are implementations.
 */
export interface Forward {
  /** A weight by its full name. */
  readonly tensor: (name: string) => tf.Tensor;
  /** Whether a gradient to that weight is wanted. */
  readonly trains: (name: string) => boolean;
  /** x [n, in] -> [n, out]. */
  readonly linear: (module: LinearModule, x: Matrix) => Matrix;
  /** The head has a weight of its own, although the model ties it to the embedding. */
  readonly headApart?: boolean;
  /** Rows [virtualTokens, hidden] that stand before every sequence (prompt methods). */
  readonly virtualTokens?: () => Matrix;
  /** Keys and values [prefix, kvHeads * headDim] that every token of a layer sees (prefix tuning). */
  readonly prefix?: (layer: number) => { readonly keys: Matrix; readonly values: Matrix };
}

/** The rows of one forward pass on the backend: `batch` sequences of `length` rows each. */
export interface Rows {
  readonly batch: number;
  readonly length: number;
  readonly positions: Indices;
  readonly segments: Indices;
  /** Absent for learned positions. */
  readonly rope?: RopeTables;
  /** Remembers keys and values while generating. */
  readonly cache?: KeyValueCache;
  /** With a prefix and sliding windows. */
  readonly withPrefix?: RowsWithPrefix;
}

/** The same rows with the prefix laid before every packed example. */
export interface RowsWithPrefix {
  readonly length: number;
  /** For keys and values: rows of `[rows, then prefix]`. */
  readonly sources: Indices;
  readonly querySources: Indices;
  readonly segments: Indices;
  /** Where each row lies. */
  readonly places: Indices;
}
