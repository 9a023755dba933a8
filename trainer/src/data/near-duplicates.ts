import { finalize, signatureOf, SIGNATURE_BINS } from './min-hash.js';

/** Two texts count as near-duplicates from this estimated Jaccard similarity of their shingles on. */
export const NEAR_DUPLICATE_SIMILARITY = 0.8;

/** Bins of a band: texts with similarity 0.8 agree in at least one of 16 bands with probability 0.9998. */
const BAND = 4;

/** Texts that agree in a band and are compared with each newcomer: keeps boilerplate of thousands of rows affordable. */
const COMPARED = 32;

/** Collects texts, and groups those that are nearly the same as one another. Keeps 256 bytes of each. */
export class NearDuplicates {
  private signatures = new Uint32Array(1024 * SIGNATURE_BINS);
  private size = 0;

  /** @returns the number of the text, counted from 0. */
  add(text: string): number {
    const begin = this.size * SIGNATURE_BINS;
    if (begin === this.signatures.length) {
      const larger = new Uint32Array(2 * begin);
      larger.set(this.signatures);
      this.signatures = larger;
    }
    this.signatures.set(signatureOf(text), begin);
    return this.size++;
  }

  /**
   * The group of each text, named by its first text. Texts meet through locality-sensitive hashing, band by band, so
   * the work grows with the number of texts and not with its square.
   */
  groups(): Uint32Array {
    const parents = Uint32Array.from({ length: this.size }, (_, index) => index);
    const keys = new Float64Array(this.size);
    const order = Uint32Array.from({ length: this.size }, (_, index) => index);
    for (let band = 0; band < SIGNATURE_BINS; band += BAND) {
      for (let index = 0; index < this.size; index++) keys[index] = this.bandKey(index, band);
      order.sort((a, b) => keys[a]! - keys[b]! || a - b);
      this.uniteBand(order, keys, parents);
    }
    return parents.map((_, index) => rootOf(parents, index));
  }

  /** Unites the similar texts among those that agree in a band, which stand side by side in `order`. */
  private uniteBand(order: Uint32Array, keys: Float64Array, parents: Uint32Array): void {
    let begin = 0;
    for (let place = 1; place < order.length; place++) {
      const text = order[place]!;
      if (keys[text] !== keys[order[place - 1]!]) begin = place;
      for (let other = Math.max(begin, place - COMPARED); other < place; other++) {
        const [a, b] = [rootOf(parents, order[other]!), rootOf(parents, text)];
        if (a !== b && this.similarity(order[other]!, text) >= NEAR_DUPLICATE_SIMILARITY) {
          parents[Math.max(a, b)] = Math.min(a, b);
        }
      }
    }
  }

  /** Estimated Jaccard similarity of two texts, 0..1. */
  similarity(a: number, b: number): number {
    let equal = 0;
    for (let bin = 0; bin < SIGNATURE_BINS; bin++) {
      if (this.signatures[a * SIGNATURE_BINS + bin] === this.signatures[b * SIGNATURE_BINS + bin]) equal++;
    }
    return equal / SIGNATURE_BINS;
  }

  /** A number below 2^53 for the bins of a band. */
  private bandKey(index: number, band: number): number {
    let low = 0;
    let high = 0x9e3779b1;
    for (let bin = band; bin < band + BAND; bin++) {
      const value = this.signatures[index * SIGNATURE_BINS + bin]!;
      low = finalize(low ^ value);
      high = finalize(Math.imul(high, 31) ^ value);
    }
    return low * 2 ** 21 + (high & 0x1fffff);
  }
}

/** Union-find with path halving. */
function rootOf(parents: Uint32Array, index: number): number {
  let root = index;
  while (parents[root] !== root) {
    parents[root] = parents[parents[root]!]!;
    root = parents[root]!;
  }
  return root;
}
