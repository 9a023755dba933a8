/**
 * Threefry-2x32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): a bijection of
 * the 64-bit counter under a 64-bit key. 32-bit integer arithmetic only, so the bits are the same on every machine
 * and backend. Writes the two output words to `out`.
 */
export function threefry2x32(
  key0: number,
  key1: number,
  counter0: number,
  counter1: number,
  out: Uint32Array,
): void {
  const keys = [key0 | 0, key1 | 0, 0x1bd11bda ^ key0 ^ key1] as const;
  let x = (counter0 + keys[0]) | 0;
  let y = (counter1 + keys[1]) | 0;
  for (let group = 0; group < 5; group++) {
    const rotations = (group & 1) === 0 ? ROTATIONS_EVEN : ROTATIONS_ODD;
    for (const rotation of rotations) {
      x = (x + y) | 0;
      y = ((y << rotation) | (y >>> (32 - rotation))) ^ x;
    }
    x = (x + (keys[(group + 1) % 3] ?? 0)) | 0;
    y = (y + (keys[(group + 2) % 3] ?? 0) + group + 1) | 0;
  }
  out[0] = x;
  out[1] = y;
}

const ROTATIONS_EVEN = [13, 15, 26, 6] as const;
const ROTATIONS_ODD = [17, 29, 16, 24] as const;
