import * as tf from '@tensorflow/tfjs-core';
import { UserError } from '../errors.js';
import { crossEntropy, embedding, logits, type Matrix } from '../tensor/index.js';
import { embedTokens, enter, headWeight, leave, runBlock } from './decoder.js';
import type { Forward, Rows } from './forward.js';
import type { KeyValueCache } from './key-value-cache.js';
import type { ModelConfig } from './model-config.js';
import { indices, uploadRows, type RowPlan } from './row-plan.js';

/** Above this share of rows with a label, gathering them costs more than scoring all. */
const DENSE_SHARE = 0.75;
const IGNORED_LABEL = -100;

/** The stages of a forward pass, so that a caller can run them on one tape or recompute them one by one. */
export interface Stages {
  readonly rows: Rows;
  /** Hidden states before the first block. */
  readonly begin: () => Matrix;
  readonly block: (layer: number, hidden: Matrix) => Matrix;
  /** Sum of the token losses, from the hidden states after the last block. */
  readonly end: (hidden: Matrix) => tf.Scalar;
}

/** Uploads the rows and returns the stages over them; call inside a tidy. */
export function stages(config: ModelConfig, forward: Forward, plan: RowPlan, cache?: KeyValueCache): Stages {
  const rows = { ...uploadRows(config, plan), ...(cache ? { cache } : {}) };
  return {
    rows,
    begin: () => enter(config, forward, embedRows(config, forward, plan), rows),
    block: (layer, hidden) => runBlock(config, forward, layer, hidden, rows),
    end: (hidden) => scoredLoss(config, forward, plan, hidden),
  };
}

/** Hidden states after the last block, [batch * length, hidden]; call inside a tidy. */
function hiddenStates(config: ModelConfig, forward: Forward, plan: RowPlan, cache?: KeyValueCache): Matrix {
  const { begin, block } = stages(config, forward, plan, cache);
  let hidden = begin();
  for (let layer = 0; layer < config.layers; layer++) {
    const input = hidden;
    hidden = tf.tidy(() => block(layer, input));
    // Without a tape nothing else reads the input again.
    if (tf.engine().state.gradientDepth === 0) input.dispose();
  }
  return hidden;
}

/** Sum of the token losses, nats; call inside a tidy. */
export function lossSum(config: ModelConfig, forward: Forward, plan: RowPlan): tf.Scalar {
  return scoredLoss(config, forward, plan, hiddenStates(config, forward, plan));
}

/**
 * Logits of some rows (indices into [batch * length]), all by default: [rows, vocabulary]; call inside a tidy.
 * @param cache filled by the first pass over it, stepped by the further ones.
 */
export function rowLogits(
  config: ModelConfig,
  forward: Forward,
  plan: RowPlan,
  chosen?: Int32Array,
  cache?: KeyValueCache,
): Matrix {
  const hidden = hiddenStates(config, forward, plan, cache);
  const picked = chosen ? tf.gather(hidden, indices(chosen)) : hidden;
  const { weight } = headWeight(config, forward);
  return logits(leave(config, forward, picked), weight, { softcap: config.logitSoftcap || undefined });
}

/** @throws UserError when an id is no row of the embedding, or a learned position is past the table. */
export function checkPlan(config: ModelConfig, plan: RowPlan): void {
  for (const id of plan.ids) {
    if (id < 0 || id >= config.vocabularySize) {
      throw new UserError(
        `token id ${id} is outside the model's vocabulary of ${config.vocabularySize}; the tokenizer does not belong to this model.`,
      );
    }
  }
  if (!config.rope && plan.positionCount > config.maxPositions) {
    throw new UserError(
      `a sequence of ${plan.positionCount} positions is longer than the model's ${config.maxPositions}; lower dataset.maxLength.`,
    );
  }
}

function embedRows(config: ModelConfig, forward: Forward, plan: RowPlan): Matrix {
  const tokens = embedTokens(config, forward, plan.ids);
  const virtual = forward.virtualTokens?.();
  if (!virtual) return tokens;
  return embedding(tf.concat2d([tokens, virtual], 0), indices(plan.sources), { trainable: true });
}

function scoredLoss(config: ModelConfig, forward: Forward, plan: RowPlan, hidden: Matrix): tf.Scalar {
  const { weight, trainable } = headWeight(config, forward);
  const options = { trainable, softcap: config.logitSoftcap || undefined };
  if (plan.trainedTokens >= DENSE_SHARE * plan.targets.length) {
    return crossEntropy(leave(config, forward, hidden), weight, indices(plan.targets), options);
  }
  const scored: number[] = [];
  for (const [row, target] of plan.targets.entries()) if (target !== IGNORED_LABEL) scored.push(row);
  const chosen = Int32Array.from(scored);
  const picked = embedding(hidden, indices(chosen), { trainable: true });
  const targets = chosen.map((row) => plan.targets[row] ?? IGNORED_LABEL);
  return crossEntropy(leave(config, forward, picked), weight, indices(targets), options);
}
