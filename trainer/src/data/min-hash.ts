/** Numbers in a signature. */
export const SIGNATURE_BINS = 64;

/** Characters of a shingle: long enough to be a phrase in Chinese, short enough to survive a changed word in English. */
const SHINGLE = 5;
const EMPTY = 0xffffffff;

/**
 * MinHash signature by one permutation hashing (Li, Owen, Zhang 2012): each shingle is hashed once, the hash chooses
 * one of the bins, and the bin keeps the smallest. Empty bins borrow from the next filled one (Shrivastava and Li 2014),
 * so that short texts compare as well.
 *
 * The expected share of equal bins of two signatures is the Jaccard similarity of the shingle sets; with 64 bins the
 * standard error is at most 0.0625.
 *
 * @returns {@link SIGNATURE_BINS} unsigned numbers
 */
export function signatureOf(text: string): Uint32Array {
  const normal = normalize(text);
  const bins = new Uint32Array(SIGNATURE_BINS).fill(EMPTY);
  const last = Math.max(1, normal.length - SHINGLE + 1);
  for (let begin = 0; begin < last; begin++) {
    const end = Math.min(normal.length, begin + SHINGLE);
    let hash = 0x811c9dc5;
    for (let at = begin; at < end; at++) hash = Math.imul(hash ^ normal.charCodeAt(at), 0x01000193);
    const mixed = finalize(hash);
    const bin = mixed % SIGNATURE_BINS;
    const value = finalize(mixed ^ 0x5bd1e995);
    if (value < bins[bin]!) bins[bin] = value;
  }
  return fillEmpty(bins);
}

/** A number below 2^53 for what a text says, by FNV-1a twice over; other texts hardly ever share it. */
export function fingerprint(text: string): number {
  const normal = normalize(text);
  let low = 0x811c9dc5;
  let high = 0x9e3779b1;
  for (let at = 0; at < normal.length; at++) {
    const code = normal.charCodeAt(at);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b);
  }
  return finalize(low) * 2 ** 21 + (finalize(high) & 0x1fffff);
}

/** Case, width, punctuation and white space do not make a text another one. */
function normalize(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[\s\p{P}]+/gu, ' ')
    .trim();
}

function fillEmpty(bins: Uint32Array): Uint32Array {
  const filled = bins.slice();
  for (let bin = 0; bin < SIGNATURE_BINS; bin++) {
    if (bins[bin] !== EMPTY) continue;
    let distance = 1;
    while (distance < SIGNATURE_BINS && bins[(bin + distance) % SIGNATURE_BINS] === EMPTY) distance++;
    // The distance is mixed in, so that two texts agree here only if they borrowed alike.
    filled[bin] = finalize(bins[(bin + distance) % SIGNATURE_BINS]! ^ Math.imul(distance, 0x9e3779b1));
  }
  return filled;
}

/** The finalizer of MurmurHash3. */
export function finalize(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
