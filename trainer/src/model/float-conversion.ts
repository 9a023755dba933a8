const widened = new Float32Array(1);
const widenedBits = new Uint32Array(widened.buffer);

/** bfloat16 (its 16 bits as stored) to float32: the upper half of the same number. */
export function bfloat16ToFloat32(source: Uint16Array): Float32Array {
  const target = new Float32Array(source.length);
  const bits = new Uint32Array(target.buffer);
  for (let index = 0; index < source.length; index++) bits[index] = (source[index] ?? 0) << 16;
  return target;
}

/** IEEE 754 half precision to float32, subnormals, infinities and NaN included. */
export function float16ToFloat32(source: Uint16Array): Float32Array {
  const target = new Float32Array(source.length);
  const bits = new Uint32Array(target.buffer);
  for (let index = 0; index < source.length; index++) bits[index] = halfBitsToFloatBits(source[index] ?? 0);
  return target;
}

function halfBitsToFloatBits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const mantissa = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (mantissa << 13);
  if (exponent !== 0) return sign | ((exponent + 112) << 23) | (mantissa << 13);
  if (mantissa === 0) return sign;
  // Subnormal: mantissa x 2^-24 is exact in float32.
  widened[0] = mantissa * 2 ** -24;
  return sign | (widenedBits[0] ?? 0);
}
