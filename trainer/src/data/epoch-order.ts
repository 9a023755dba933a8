import { Random } from '../support/index.js';
import type { Example } from './encode-conversation.js';
import type { Sequence } from './lay-out-batch.js';
import { packSequences } from './pack-sequences.js';
import type { WeightedExamples } from './prepared-data.js';

export interface EpochOptions {
  /** Put several examples into one row, up to {@link maxLength}. */
  readonly packing: boolean;
  /** Tokens of the longest row. */
  readonly maxLength: number;
  readonly seed: number;
}

/**
 * The rows of one epoch in order: every source's whole passes and a random part of one more, shuffled together. A
 * function of the data, the seed and the epoch alone; every epoch has the same number of rows.
 *
 * With packing the examples are packed anew for each epoch, because rows that always hold the same neighbours make
 * alike batches, and learning slower. The number of rows stays the same, for it follows from the lengths alone, and to
 * keep those the same part of a source is drawn every time.
 */
export function epochOrder(
  sources: readonly WeightedExamples[],
  epoch: number,
  { packing, maxLength, seed }: EpochOptions,
): Sequence[] {
  const drawn = sources.flatMap((source, index) => {
    const part = packing ? `source ${index}` : `epoch ${epoch} source ${index}`;
    return draw(source, new Random(seed, part));
  });
  const examples = shuffle(drawn, new Random(seed, `epoch ${epoch}`));
  if (!packing) return examples.map((example) => [example]);
  return shuffle(packed(examples, maxLength), new Random(seed, `epoch ${epoch} rows`));
}

/** Examples packed into rows. */
export function packed(examples: readonly Example[], maxLength: number): Sequence[] {
  const lengths = examples.map((example) => example.inputIds.length);
  return packSequences(lengths, maxLength).map((indices) => indices.map((index) => examples[index]!));
}

function draw({ examples, weight }: WeightedExamples, random: Random): Example[] {
  const count = Math.max(1, Math.round(weight * examples.length));
  const passes = Math.floor(count / examples.length);
  const rest = count - passes * examples.length;
  const drawn = Array.from({ length: passes }, () => examples).flat();
  return rest === 0 ? drawn : [...drawn, ...shuffle([...examples], random).slice(0, rest)];
}

/** Fisher-Yates, in place. */
function shuffle<T>(items: T[], random: Random): T[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = random.integer(last + 1);
    [items[last], items[other]] = [items[other]!, items[last]!];
  }
  return items;
}
