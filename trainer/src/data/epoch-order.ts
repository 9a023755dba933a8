import { Random } from '../model/random.js';
import type { Sequence } from './lay-out-batch.js';

/** Sequences of one source and how many passes over them an epoch makes. */
export interface WeightedSequences {
  readonly sequences: readonly Sequence[];
  readonly weight: number;
}

/** Sequences in one epoch: the same for every epoch. */
export function epochSize(sources: readonly WeightedSequences[]): number {
  return sources.reduce((sum, source) => sum + drawn(source), 0);
}

/**
 * The order of one epoch: every source's whole passes and a random part of one more, shuffled together. A function
 * of the seed and the epoch alone.
 */
export function epochOrder(sources: readonly WeightedSequences[], seed: number, epoch: number): Sequence[] {
  const order: Sequence[] = [];
  for (const [index, source] of sources.entries()) {
    let left = drawn(source);
    while (left >= source.sequences.length) {
      order.push(...source.sequences);
      left -= source.sequences.length;
    }
    if (left === 0) continue;
    const part = shuffle(source.sequences.slice(), new Random(seed, `epoch ${epoch} source ${index}`));
    order.push(...part.slice(0, left));
  }
  return shuffle(order, new Random(seed, `epoch ${epoch}`));
}

function drawn(source: WeightedSequences): number {
  return Math.max(1, Math.round(source.weight * source.sequences.length));
}

/** Fisher-Yates, in place. */
function shuffle<T>(items: T[], random: Random): T[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = random.integer(last + 1);
    [items[last], items[other]] = [items[other]!, items[last]!];
  }
  return items;
}
