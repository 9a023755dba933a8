import * as tf from '@tensorflow/tfjs-core';
import type { Forward } from './forward.js';
import { checkPlan, rowLogits } from './language-model.js';
import type { ModelConfig } from './model-config.js';
import { planRows, type Lead } from './row-plan.js';
import { padSequences } from './token-batch.js';

export interface GreedyOptions {
  /** At least 0; a row also stops where a learned position table ends. */
  readonly maxNewTokens: number;
  /** A row stops after one of these ids, which is not part of the result. */
  readonly stopIds: readonly number[];
}

/** Greedy continuation of each prompt (at least one token each): the new ids alone. Ties go to the smaller id. */
export function generateGreedily(
  config: ModelConfig,
  forward: Forward,
  lead: Lead,
  prompts: readonly Int32Array[],
  { maxNewTokens, stopIds }: GreedyOptions,
): Int32Array[] {
  const sequences = prompts.map((prompt) => [...prompt]);
  const stops = new Set(stopIds);
  const offset = lead.virtualTokens + lead.prefixTokens;
  const limit = config.rope ? Infinity : config.maxPositions - offset;
  let open = sequences.map((_, row) => row);
  for (let step = 0; step < maxNewTokens && open.length > 0; step++) {
    open = open.filter((row) => (sequences[row]?.length ?? 0) < limit);
    if (open.length === 0) break;
    const next = nextIds(
      config,
      forward,
      lead,
      open.map((row) => sequences[row] ?? []),
    );
    open = open.filter((row, index) => {
      const id = next[index] ?? 0;
      if (stops.has(id)) return false;
      sequences[row]?.push(id);
      return true;
    });
  }
  return sequences.map((sequence, row) => Int32Array.from(sequence.slice(prompts[row]?.length ?? 0)));
}

function nextIds(
  config: ModelConfig,
  forward: Forward,
  lead: Lead,
  sequences: readonly number[][],
): Int32Array {
  const plan = planRows(padSequences(sequences), lead);
  checkPlan(config, plan);
  const last = sequences.map((sequence, row) => row * plan.length + lead.virtualTokens + sequence.length - 1);
  return tf.tidy(() =>
    // The argmax is exact on any backend; ties resolve to the first.
    tf.argMax(rowLogits(config, forward, plan, Int32Array.from(last)), 1).dataSync<'int32'>(),
  );
}
