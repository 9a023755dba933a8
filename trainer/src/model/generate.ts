import * as tf from '@tensorflow/tfjs-core';
import { Random } from '../support/index.js';
import { applyRules, likeliest, type DecodingRules } from './decoding-rules.js';
import type { Forward } from './forward.js';
import { KeyValueCache } from './key-value-cache.js';
import { checkPlan, rowLogits } from './language-model.js';
import type { ModelConfig } from './model-config.js';
import { sampleToken, type Sampling } from './sample.js';
import { planRows, type Lead, type RowPlan } from './row-plan.js';
import { padSequences } from './token-batch.js';

export interface GenerationOptions {
  /** At least 0; a row also stops where a learned position table ends. */
  readonly maxNewTokens: number;
  /** Tokens of a prompt and its continuation together, virtual ones not counted. Default: no limit. */
  readonly maxLength?: number;
  /** A row stops after one of these ids, which is not part of the result. */
  readonly stopIds: readonly number[];
  /** Default: the likeliest token, ties to the smaller id. */
  readonly sampling?: Sampling;
  /** Default: none. */
  readonly rules?: DecodingRules | undefined;
}

/** A token that was added to the continuation of a prompt. */
export interface NewToken {
  /** Index of the prompt. */
  readonly prompt: number;
  readonly id: number;
}

/** A prompt that is being continued. */
interface Sequence {
  readonly index: number;
  readonly prompt: Int32Array;
  readonly added: number[];
  /** Draws its tokens, so that its neighbours do not matter. */
  readonly random: Random | undefined;
}

/** Continuation of each prompt (at least one token each): the new ids alone. */
export function generateTokens(
  config: ModelConfig,
  forward: Forward,
  lead: Lead,
  prompts: readonly Int32Array[],
  options: GenerationOptions,
): Int32Array[] {
  const added = prompts.map((): number[] => []);
  for (const tokens of generationSteps(config, forward, lead, prompts, options))
    for (const { prompt, id } of tokens) added[prompt]?.push(id);
  return added.map((ids) => Int32Array.from(ids));
}

/** {@link generateTokens} step by step: each yields one token for every prompt that is still being continued. */
export function* generationSteps(
  config: ModelConfig,
  forward: Forward,
  lead: Lead,
  prompts: readonly Int32Array[],
  { maxNewTokens, maxLength = Infinity, stopIds, sampling, rules }: GenerationOptions,
): Generator<readonly NewToken[], void> {
  const stops = new Set(stopIds);
  const choice: Choice = { stopIds, sampling, rules };
  const offset = lead.virtualTokens + lead.prefixTokens;
  const longest = Math.min(config.rope ? Infinity : config.maxPositions - offset, maxLength);
  const cache = new KeyValueCache(config.layers, prompts.length, config.keyValueHeads * config.headDim);
  const sequences = prompts.map((prompt, index): Sequence => ({
    index,
    prompt,
    added: [],
    random: sampling && new Random(sampling.seed, `sequence ${index}`),
  }));
  const length = ({ prompt, added }: Sequence) => prompt.length + added.length;

  let open = maxNewTokens > 0 ? sequences.filter((sequence) => length(sequence) < longest) : [];
  if (open.length === 0) return;
  const first = planRows(padSequences(prompts), lead);
  checkPlan(config, first);
  const lastRows = sequences.map(
    (sequence) => sequence.index * first.length + lead.virtualTokens + length(sequence) - 1,
  );
  let next = nextIds(config, forward, first, Int32Array.from(lastRows), cache, sequences, choice);
  // The rows of the first pass are all sequences, those of the others the open ones.
  let row = new Map(sequences.map(({ index }) => [index, index]));
  while (open.length > 0) {
    const added: NewToken[] = [];
    open = open.filter((sequence) => {
      const id = next[row.get(sequence.index) ?? 0] ?? 0;
      if (stops.has(id)) return false;
      sequence.added.push(id);
      added.push({ prompt: sequence.index, id });
      return sequence.added.length < maxNewTokens && length(sequence) < longest;
    });
    yield added;
    if (open.length === 0) return;
    row = new Map(open.map(({ index }, at) => [index, at]));
    cache.step(open.map(({ index }) => index));
    const plan = stepPlan(
      open.map(({ added }) => added.at(-1) ?? 0),
      open.map((sequence) => offset + length(sequence) - 1),
    );
    next = nextIds(config, tokensOnly(forward), plan, undefined, cache, open, choice);
  }
}

interface Choice extends Pick<GenerationOptions, 'rules' | 'stopIds'> {
  readonly sampling: Sampling | undefined;
}

/** The next token of each of these sequences. */
function nextIds(
  config: ModelConfig,
  forward: Forward,
  plan: RowPlan,
  rows: Int32Array | undefined,
  cache: KeyValueCache,
  sequences: readonly Sequence[],
  { sampling, rules, stopIds }: Choice,
): Int32Array {
  return tf.tidy(() => {
    const logits = rowLogits(config, forward, plan, rows, cache);
    if (sampling === undefined && rules === undefined) return tf.argMax(logits, 1).dataSync<'int32'>();
    const numbers = logits.dataSync<'float32'>();
    return Int32Array.from(sequences, ({ random, prompt, added }, at) => {
      const own = numbers.subarray(at * config.vocabularySize, (at + 1) * config.vocabularySize);
      const ruled = rules === undefined ? own : applyRules(own, rules, { prompt, added, stopIds });
      return sampling === undefined ? likeliest(ruled) : sampleToken(ruled, sampling, random?.uniform() ?? 0);
    });
  });
}

/** One token a sequence. */
function stepPlan(ids: readonly number[], positions: readonly number[]): RowPlan {
  const identity = Int32Array.from(ids.keys());
  return {
    batch: ids.length,
    length: 1,
    sources: identity,
    ids: Int32Array.from(ids),
    positions: Int32Array.from(positions),
    segments: new Int32Array(ids.length).fill(1),
    targets: new Int32Array(ids.length).fill(-100),
    trainedTokens: 0,
    positionCount: Math.max(...positions) + 1,
  };
}

/** Virtual tokens and prefixes stand in the cache already. */
function tokensOnly({ tensor, trains, linear }: Forward): Forward {
  return { tensor, trains, linear };
}
