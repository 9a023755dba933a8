// Vector functions of four float32 lanes. No tables in memory: the module must not own any data (see build.mjs).

// @ts-ignore: decorator
@inline
export function zero(): v128 {
  return f32x4.splat(0);
}

/**
 * a * b + c: in the build for relaxed SIMD one instruction that rounds once on processors with FMA (every x86 since
 * 2013 and every ARM of 64 bits), else two.
 */
// @ts-ignore: decorator
@inline
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(c, f32x4.mul(a, b));
}

// @ts-ignore: decorator
@inline
export function sum4(v: v128): f32 {
  return (
    (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1)) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}

// @ts-ignore: decorator
@inline
export function max4(v: v128): f32 {
  return max<f32>(
    max<f32>(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)),
    max<f32>(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)),
  );
}

/** exp(x) to about 1e-7 relative (Cephes expf). Arguments below -87.3 give about 1e-38, above 88.37 about 2e38,
 * NaN gives NaN. The pseudo-minimum and -maximum are one instruction each and keep NaN in their first operand. */
// @ts-ignore: decorator
@inline
export function exp4(argument: v128): v128 {
  let x = f32x4.pmax(f32x4.pmin(argument, f32x4.splat(88.3762626647949)), f32x4.splat(-87.3365478515625));
  // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits: cheaper than a conversion.
  const magic = f32x4.splat(12582912);
  const shifted = f32x4.add(f32x4.mul(x, f32x4.splat(1.44269504088896341)), magic);
  const n = f32x4.sub(shifted, magic);
  x = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)));
  x = f32x4.sub(x, f32x4.mul(n, f32x4.splat(-2.1219444e-4)));
  let y = f32x4.splat(1.987569150e-4);
  y = f32x4.add(f32x4.mul(y, x), f32x4.splat(1.3981999507e-3));
  y = f32x4.add(f32x4.mul(y, x), f32x4.splat(8.3334519073e-3));
  y = f32x4.add(f32x4.mul(y, x), f32x4.splat(4.1665795894e-2));
  y = f32x4.add(f32x4.mul(y, x), f32x4.splat(1.6666665459e-1));
  y = f32x4.add(f32x4.mul(y, x), f32x4.splat(5.0000001201e-1));
  y = f32x4.add(f32x4.add(f32x4.mul(y, f32x4.mul(x, x)), x), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(shifted, i32x4.splat(127)), 23);
  return f32x4.mul(y, power);
}

export function exp1(x: f32): f32 {
  return f32x4.extract_lane(exp4(f32x4.splat(x)), 0);
}

/** tanh(x): an odd polynomial below 0.625 (Cephes tanhf), 1 - 2 / (exp(2|x|) + 1) above; relative 1e-7. */
// @ts-ignore: decorator
@inline
export function tanh4(x: v128): v128 {
  const magnitude = f32x4.pmin(f32x4.abs(x), f32x4.splat(20));
  const one = f32x4.splat(1);
  const large = f32x4.sub(
    one,
    f32x4.div(f32x4.splat(2), f32x4.add(exp4(f32x4.add(magnitude, magnitude)), one)),
  );
  const square = f32x4.mul(magnitude, magnitude);
  let y = f32x4.splat(-5.70498872745e-3);
  y = f32x4.add(f32x4.mul(y, square), f32x4.splat(2.06390887954e-2));
  y = f32x4.add(f32x4.mul(y, square), f32x4.splat(-5.37397155531e-2));
  y = f32x4.add(f32x4.mul(y, square), f32x4.splat(1.33314422036e-1));
  y = f32x4.add(f32x4.mul(y, square), f32x4.splat(-3.33332819422e-1));
  const small = f32x4.add(f32x4.mul(f32x4.mul(y, square), magnitude), magnitude);
  const result = v128.bitselect(small, large, f32x4.lt(magnitude, f32x4.splat(0.625)));
  const signBit = i32x4.splat(<i32>0x80000000);
  return v128.or(result, v128.and(x, signBit));
}

export function tanh1(x: f32): f32 {
  return f32x4.extract_lane(tanh4(f32x4.splat(x)), 0);
}

/** 1 / (1 + exp(-x)) */
// @ts-ignore: decorator
@inline
export function sigmoid4(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(x))));
}

/** Loads the `count` (1..3) last floats of an array; the lanes beyond are zero. */
// @ts-ignore: decorator
@inline
export function loadTail(p: usize, count: i32): v128 {
  let v = f32x4.replace_lane(zero(), 0, load<f32>(p));
  if (count > 1) v = f32x4.replace_lane(v, 1, load<f32>(p, 4));
  if (count > 2) v = f32x4.replace_lane(v, 2, load<f32>(p, 8));
  return v;
}

// @ts-ignore: decorator
@inline
export function storeTail(p: usize, v: v128, count: i32): void {
  store<f32>(p, f32x4.extract_lane(v, 0));
  if (count > 1) store<f32>(p, f32x4.extract_lane(v, 1), 4);
  if (count > 2) store<f32>(p, f32x4.extract_lane(v, 2), 8);
}
