import * as tf from '@tensorflow/tfjs-core';
import type { Indices } from '../tensor/index.js';
import type { Rows, RowsWithPrefix } from './forward.js';
import type { ModelConfig } from './model-config.js';
import { rotationTables } from './rope.js';
import type { TokenBatch } from './token-batch.js';

const IGNORED_LABEL = -100;

/** What an adapter puts before the tokens of a sequence. */
export interface Lead {
  /** Rows of their own before every sequence (prompt methods). */
  readonly virtualTokens: number;
  /** Keys and values without rows; tokens start at this position (prefix tuning). */
  readonly prefixTokens: number;
}

export const NO_LEAD: Lead = { virtualTokens: 0, prefixTokens: 0 };

/**
 * The rows of one forward pass in host memory: a token batch with virtual tokens laid before every packed example,
 * and the labels shifted to the row that predicts them. All arrays are `[batch * length]`.
 */
export interface RowPlan {
  readonly batch: number;
  readonly length: number;
  /** Row of `[tokens of the batch, then virtual tokens]` that each row is; the identity without virtual tokens. */
  readonly sources: Int32Array;
  /** Token ids of the batch as given, before virtual tokens. */
  readonly ids: Int32Array;
  readonly positions: Int32Array;
  readonly segments: Int32Array;
  /** The id that each row should predict, or -100. */
  readonly targets: Int32Array;
  readonly trainedTokens: number;
  /** Largest position + 1. */
  readonly positionCount: number;
  /** With a prefix: the same rows with the prefix as rows of their own, where a sliding window must count it. */
  readonly withPrefix?: PrefixRows;
}

/** Rows `[batch * length]` in which every packed example has its prefix in front. */
export interface PrefixRows {
  readonly length: number;
  /** Row of `[rows of the plan, then the prefix]` that each row is. */
  readonly sources: Int32Array;
  readonly segments: Int32Array;
  /** Where each row of the plan lies. */
  readonly places: Int32Array;
}

export function planRows(tokens: TokenBatch, lead: Lead = NO_LEAD): RowPlan {
  const { batch, length: width } = tokens;
  const extra = lead.virtualTokens * mostSegments(tokens, lead);
  const length = width + extra;
  const size = batch * length;
  const sources = new Int32Array(size);
  const positions = new Int32Array(size);
  const segments = new Int32Array(size);
  const labels = new Int32Array(size).fill(IGNORED_LABEL);
  for (let row = 0; row < batch; row++) {
    let at = row * length;
    let previous = 0;
    for (let column = 0; column < width; column++) {
      const token = row * width + column;
      const segment = tokens.segmentIds[token] ?? 0;
      if (segment !== 0 && segment !== previous) {
        for (let index = 0; index < lead.virtualTokens; index++, at++) {
          sources[at] = batch * width + index;
          positions[at] = index;
          segments[at] = segment;
        }
      }
      previous = segment;
      sources[at] = token;
      segments[at] = segment;
      positions[at] = (tokens.positionIds[token] ?? 0) + lead.virtualTokens + lead.prefixTokens;
      labels[at] = tokens.labels[token] ?? IGNORED_LABEL;
      at++;
    }
  }
  const targets = shiftLabels(labels, segments, length);
  return {
    batch,
    length,
    sources,
    ids: tokens.inputIds,
    positions,
    segments,
    targets,
    trainedTokens: targets.reduce((count, target) => count + (target === IGNORED_LABEL ? 0 : 1), 0),
    positionCount: positions.reduce((most, position) => Math.max(most, position), 0) + 1,
    ...(lead.prefixTokens > 0 ? { withPrefix: prefixRows(tokens, lead.prefixTokens) } : {}),
  };
}

function prefixRows(tokens: TokenBatch, prefixTokens: number): PrefixRows {
  const { length, sources, segments } = planRows(tokens, { virtualTokens: prefixTokens, prefixTokens: 0 });
  const places = new Int32Array(tokens.batch * tokens.length);
  // Backwards, so that the first row of a source wins: unused rows at the end are copies of row 0.
  for (let row = sources.length - 1; row >= 0; row--) {
    const source = sources[row] ?? 0;
    if (source < places.length) places[source] = row;
  }
  return { length, sources, segments, places };
}

/** Row t predicts the label of row t + 1 of the same packed example. */
function shiftLabels(labels: Int32Array, segments: Int32Array, length: number): Int32Array {
  const targets = new Int32Array(labels.length).fill(IGNORED_LABEL);
  for (let at = 0; at + 1 < labels.length; at++) {
    const last = at % length === length - 1;
    if (last || segments[at] === 0 || segments[at] !== segments[at + 1]) continue;
    targets[at] = labels[at + 1] ?? IGNORED_LABEL;
  }
  return targets;
}

function mostSegments(tokens: TokenBatch, lead: Lead): number {
  if (lead.virtualTokens === 0) return 0;
  let most = 0;
  for (let row = 0; row < tokens.batch; row++) {
    let count = 0;
    let previous = 0;
    for (const segment of tokens.segmentIds.subarray(row * tokens.length, (row + 1) * tokens.length)) {
      if (segment !== 0 && segment !== previous) count++;
      previous = segment;
    }
    most = Math.max(most, count);
  }
  return most;
}

/** Puts the plan's index tensors on the backend; the enclosing tidy frees them. */
export function uploadRows(config: ModelConfig, plan: RowPlan): Rows {
  const rope = config.rope ? rotationTables(config.rope, config.headDim, plan.positionCount) : undefined;
  const shape: [number, number] = [plan.positionCount, config.headDim / 2];
  return {
    batch: plan.batch,
    length: plan.length,
    positions: indices(plan.positions),
    segments: indices(plan.segments),
    ...(plan.withPrefix && config.windows.some((window) => window > 0)
      ? { withPrefix: uploadPrefixRows(plan.withPrefix, plan.positions.length) }
      : {}),
    ...(rope ? { rope: { cos: tf.tensor2d(rope.cos, shape), sin: tf.tensor2d(rope.sin, shape) } } : {}),
  };
}

function uploadPrefixRows(
  { length, sources, segments, places }: PrefixRows,
  rowCount: number,
): RowsWithPrefix {
  return {
    length,
    sources: indices(sources),
    // The prefix asks for nothing: any row's query will do, its result is dropped.
    querySources: indices(sources.map((source) => (source < rowCount ? source : 0))),
    segments: indices(segments),
    places: indices(places),
  };
}

export function indices(values: Int32Array): Indices {
  return tf.tensor1d(values, 'int32');
}
