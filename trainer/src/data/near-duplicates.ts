import { signatureOf, similarity, SIGNATURE_BINS } from './min-hash.js';

/** Two texts count as near-duplicates from this estimated Jaccard similarity of their shingles on. */
export const NEAR_DUPLICATE_SIMILARITY = 0.8;

/** Bands of 4 bins: texts with similarity 0.8 meet in at least one of 16 bands with probability 0.9998. */
const BAND = 4;

/**
 * Groups texts that are nearly the same as one another, as they arrive. Texts meet through locality-sensitive hashing of
 * their MinHash signatures, so the work grows with the number of texts and not with its square.
 */
export class NearDuplicates {
  private readonly signatures: Uint32Array[] = [];
  /** Union-find: each text points towards the first of its group. */
  private readonly parents: number[] = [];
  private readonly buckets = new Map<number, number[]>();

  /** @returns the number of the text, counted from 0. */
  add(text: string): number {
    const signature = signatureOf(text);
    const index = this.signatures.push(signature) - 1;
    this.parents.push(index);
    for (let band = 0; band < SIGNATURE_BINS / BAND; band++) {
      const key = bandKey(signature, band);
      const bucket = this.buckets.get(key);
      if (!bucket) {
        this.buckets.set(key, [index]);
        continue;
      }
      for (const other of bucket) {
        if (this.groupOf(other) === this.groupOf(index)) continue;
        if (similarity(signature, this.signatures[other]!) >= NEAR_DUPLICATE_SIMILARITY)
          this.unite(other, index);
      }
      if (bucket.length < LARGEST_BUCKET) bucket.push(index);
    }
    return index;
  }

  /** The first text of the group that a text belongs to; the text itself when it is alone or first. */
  groupOf(index: number): number {
    let root = index;
    while (this.parents[root] !== root) root = this.parents[root]!;
    this.parents[index] = root;
    return root;
  }

  /** Texts that are nearly the same as an earlier one. */
  get count(): number {
    return this.parents.filter((_, index) => this.groupOf(index) !== index).length;
  }

  private unite(a: number, b: number): void {
    const [first, second] = [this.groupOf(a), this.groupOf(b)];
    this.parents[Math.max(first, second)] = Math.min(first, second);
  }
}

/** Keeps boilerplate that thousands of rows share from making the search quadratic. */
const LARGEST_BUCKET = 64;

/** A number below 2^53 for the bins of a band and the band itself. */
function bandKey(signature: Uint32Array, band: number): number {
  let low = band;
  let high = 0x9e3779b1;
  for (let bin = band * BAND; bin < (band + 1) * BAND; bin++) {
    low = Math.imul(low ^ signature[bin]!, 0x01000193) ^ (low >>> 15);
    high = Math.imul(high ^ signature[bin]!, 0x85ebca6b) ^ (high >>> 13);
  }
  return (low >>> 0) * 2 ** 20 + ((high >>> 0) & 0xfffff);
}
