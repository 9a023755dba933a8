/** How the next token is drawn. The filters apply in this order: temperature, topK, topP. */
export interface Sampling {
  /** Logits are divided by it; above 0. Towards 0 the likeliest token is left, 1 is the model's own distribution. */
  readonly temperature: number;
  /** Only so many of the likeliest tokens; 0 = all. */
  readonly topK: number;
  /** Only the likeliest tokens that together have this probability (nucleus sampling, Holtzman et al. 2020); 1 = all. */
  readonly topP: number;
  /** The same seed draws the same text, however many prompts are continued at once. */
  readonly seed: number;
}

/**
 * The token that `uniform` draws.
 * @param logits of every token of the vocabulary
 * @param uniform in [0, 1)
 */
export function sampleToken(
  logits: Float32Array,
  { temperature, topK, topP }: Sampling,
  uniform: number,
): number {
  const kept = likeliest(logits, topK > 0 ? Math.min(topK, logits.length) : logits.length);
  const top = logits[kept[0] ?? 0] ?? 0;
  const weights = Float64Array.from(kept, (id) => Math.exp(((logits[id] ?? 0) - top) / temperature));
  const count = nucleus(weights, topP);
  let total = 0;
  for (let at = 0; at < count; at++) total += weights[at] ?? 0;
  let left = uniform * total;
  for (let at = 0; at < count; at++) {
    left -= weights[at] ?? 0;
    if (left < 0) return kept[at] ?? 0;
  }
  return kept[count - 1] ?? 0;
}

/** The ids of the `count` greatest logits, in descending order; equal ones by id. */
function likeliest(logits: Float32Array, count: number): Uint32Array {
  const ids = Uint32Array.from(logits.keys());
  return ids.sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0) || a - b).subarray(0, count);
}

/** How many of these descending weights it takes to have `share` of their sum; at least one. */
function nucleus(weights: Float64Array, share: number): number {
  if (share >= 1) return weights.length;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  for (let at = 0; at < weights.length; at++) {
    sum += weights[at] ?? 0;
    if (sum >= share * total) return at + 1;
  }
  return weights.length;
}
