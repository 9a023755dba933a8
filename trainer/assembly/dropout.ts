// Inverted-dropout masks from Threefry-2x32 with 20 rounds, four counters at a time. The same bits as
// src/tensor/random-bits.ts.
import { storeTail } from './math';

// @ts-ignore: decorator
@inline
function rotate(x: v128, by: i32): v128 {
  return v128.or(i32x4.shl(x, by), i32x4.shr_u(x, 32 - by));
}

/**
 * mask[2i] and mask[2i + 1] are `keep` where the words of counter (i, stream) under the key are at least `threshold`
 * (unsigned), else 0.
 */
export function dropoutMask(
  mask: usize, size: i32, key0: i32, key1: i32, stream: i32, threshold: i32, keep: f32,
): void {
  const k0 = i32x4.splat(key0), k1 = i32x4.splat(key1), k2 = i32x4.splat(0x1bd11bda ^ key0 ^ key1);
  // Signed comparison of words with their top bit flipped is unsigned comparison.
  const flip = i32x4.splat(<i32>0x80000000);
  const limit = v128.xor(i32x4.splat(threshold), flip);
  const value = f32x4.splat(keep);
  let counter = i32x4(0, 1, 2, 3);
  for (let i = 0; i < size; i += 8) {
    let x = i32x4.add(counter, k0), y = i32x4.add(i32x4.splat(stream), k1);
    x = i32x4.add(x, y); y = v128.xor(rotate(y, 13), x);
    x = i32x4.add(x, y); y = v128.xor(rotate(y, 15), x);
    x = i32x4.add(x, y); y = v128.xor(rotate(y, 26), x);
    x = i32x4.add(x, y); y = v128.xor(rotate(y, 6), x);
    x = i32x4.add(x, k1); y = i32x4.add(i32x4.add(y, k2), i32x4.splat(1));
    x = i32x4.add(x, y); y = v128.xor(rotate(y, 17), x);
    x = i32x4.add(x, y); y = v128.xor(rotate(y, 29), x);
    x = i32x4.add(x, y); y = v128.xor(rotate(y, 16), x);
    x = i32x4.add(x, y); y = v128.xor(rotate(y, 24), x);
    x = i32x4.add(x, k2); y = i32x4.add(i32x4.add(y, k0), i32x4.splat(2));
    x = i32x4.add(x, y); y = v128.xor(rotate(y, 13), x);
    x = i32x4.add(x, y); y = v128.xor(rotate(y, 15), x);
    x = i32x4.add(x, y); y = v128.xor(rotate(y, 26), x);
    x = i32x4.add(x, y); y = v128.xor(rotate(y, 6), x);
    x = i32x4.add(x, k0); y = i32x4.add(i32x4.add(y, k1), i32x4.splat(3));
    x = i32x4.add(x, y); y = v128.xor(rotate(y, 17), x);
    x = i32x4.add(x, y); y = v128.xor(rotate(y, 29), x);
    x = i32x4.add(x, y); y = v128.xor(rotate(y, 16), x);
    x = i32x4.add(x, y); y = v128.xor(rotate(y, 24), x);
    x = i32x4.add(x, k1); y = i32x4.add(i32x4.add(y, k2), i32x4.splat(4));
    x = i32x4.add(x, y); y = v128.xor(rotate(y, 13), x);
    x = i32x4.add(x, y); y = v128.xor(rotate(y, 15), x);
    x = i32x4.add(x, y); y = v128.xor(rotate(y, 26), x);
    x = i32x4.add(x, y); y = v128.xor(rotate(y, 6), x);
    x = i32x4.add(x, k2); y = i32x4.add(i32x4.add(y, k0), i32x4.splat(5));
    const keepX = v128.and(value, i32x4.ge_s(v128.xor(x, flip), limit));
    const keepY = v128.and(value, i32x4.ge_s(v128.xor(y, flip), limit));
    const low = v128.shuffle<f32>(keepX, keepY, 0, 4, 1, 5), high = v128.shuffle<f32>(keepX, keepY, 2, 6, 3, 7);
    const left = size - i;
    if (left >= 8) {
      v128.store(mask, low);
      v128.store(mask, high, 16);
    } else if (left >= 4) {
      v128.store(mask, low);
      if (left > 4) storeTail(mask + 16, high, left - 4);
    } else storeTail(mask, low, left);
    mask += 32;
    counter = i32x4.add(counter, i32x4.splat(4));
  }
}
