/** What a `generation_config.json` makes of the logits before a token is chosen, as transformers does. */
export interface DecodingRules {
  /** Logits of ids that stand in the text already: positive ones are divided by it, negative ones multiplied (Keskar et al. 2019). */
  readonly repetitionPenalty: number;
  /** No stretch of so many ids comes twice; 0 = off. */
  readonly noRepeatNgramSize: number;
  /** Ids that are never chosen. */
  readonly suppressed: readonly number[];
  /** Ids that are not chosen first. */
  readonly suppressedFirst: readonly number[];
  /** Stretches of ids that never come. */
  readonly badWords: readonly (readonly number[])[];
  /** Tokens of prompt and continuation together before which no answer ends. */
  readonly minLength: number;
  /** Tokens of the continuation before which no answer ends. */
  readonly minNewTokens: number;
}

/** Where a continuation stands. */
export interface DecodingPlace {
  readonly prompt: ArrayLike<number>;
  readonly added: readonly number[];
  readonly stopIds: readonly number[];
}

/** The logits as the rules change them; a copy, so that those of the model stay. */
export function applyRules(logits: Float32Array, rules: DecodingRules, place: DecodingPlace): Float32Array {
  const { prompt, added, stopIds } = place;
  const text = [...Array.from(prompt), ...added];
  const changed = Float32Array.from(logits);
  if (rules.repetitionPenalty !== 1) {
    for (const id of new Set(text)) {
      const logit = logits[id] ?? 0;
      changed[id] = logit < 0 ? logit * rules.repetitionPenalty : logit / rules.repetitionPenalty;
    }
  }
  const banned = [
    ...rules.suppressed,
    ...(added.length === 0 ? rules.suppressedFirst : []),
    ...(rules.noRepeatNgramSize > 0 ? endsOfRepeats(text, rules.noRepeatNgramSize) : []),
    ...rules.badWords.filter((words) => isBegun(words, text)).map((words) => words.at(-1) ?? -1),
    ...(text.length < rules.minLength || added.length < rules.minNewTokens ? stopIds : []),
  ];
  for (const id of banned) if (id >= 0 && id < changed.length) changed[id] = -Infinity;
  return changed;
}

/** The id with the greatest logit, of equal ones the smallest. */
export function likeliest(logits: Float32Array): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if ((logits[id] ?? 0) > (logits[best] ?? 0)) best = id;
  return best;
}

/** Ids that would make the last `size - 1` ids and themselves a stretch that stands in the text already. */
function endsOfRepeats(text: readonly number[], size: number): number[] {
  const ends: number[] = [];
  const last = text.slice(text.length - size + 1);
  if (last.length < size - 1) return ends;
  for (let begin = 0; begin + size <= text.length; begin++) {
    if (last.every((id, at) => text[begin + at] === id)) ends.push(text[begin + size - 1] ?? -1);
  }
  return ends;
}

function isBegun(words: readonly number[], text: readonly number[]): boolean {
  const begin = words.slice(0, -1);
  return begin.length <= text.length && begin.every((id, at) => text[text.length - begin.length + at] === id);
}
