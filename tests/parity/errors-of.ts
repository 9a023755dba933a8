/** ||a - b|| / ||b|| of several tensors taken as one vector; the norm of a - b itself when b is zero. */
export function jointRelativeL2(pairs: readonly (readonly [Float32Array, Float32Array])[]): number {
  let distance = 0;
  let length = 0;
  for (const [actual, expected] of pairs) {
    distance += squaredDistance(actual, expected);
    length += squaredDistance(expected, new Float32Array(expected.length));
  }
  return ratio(distance, length);
}

/** Largest difference over the largest magnitude of `expected`. */
export function relativeToPeak(actual: Float32Array, expected: Float32Array): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let peak = 0;
  for (const [index, value] of expected.entries()) {
    const distance = Math.abs((actual[index] ?? Number.NaN) - value);
    if (!(distance <= difference)) difference = distance;
    peak = Math.max(peak, Math.abs(value));
  }
  return peak > 0 ? difference / peak : difference;
}

/** Largest relative error of a list of numbers; infinite when the lengths differ. */
export function largestRelative(actual: readonly number[], expected: readonly number[]): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  return expected.reduce((worst, value, index) => {
    const error = Math.abs((actual[index] ?? Number.NaN) - value) / (Math.abs(value) || 1);
    return error <= worst ? worst : error;
  }, 0);
}

function squaredDistance(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let sum = 0;
  for (const [index, value] of a.entries()) sum += (value - (b[index] ?? 0)) ** 2;
  return sum;
}

function ratio(squaredError: number, squaredLength: number): number {
  return Math.sqrt(squaredLength > 0 ? squaredError / squaredLength : squaredError);
}
