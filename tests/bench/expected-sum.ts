const SCALES = [1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7];
/** Elements that are checked. */
const SAMPLES = 9973;

/** What unit `unit` contributes to an element: values whose sum shows in which order it was made. */
export function valueOf(unit: number, at: number): number {
  return Math.fround(Math.imul(unit * 7919 + at, 0x9e3779b1) * (SCALES[(unit * 5 + at) & 7] ?? 1));
}

/** @throws Error when a sum does not have the bits of the canonical tree, straight from its definition */
export function checkSum(vector: Float32Array, count: number): void {
  const reference = (start: number, size: number, at: number): number => {
    if (size === 1) return valueOf(start, at);
    let left = 1;
    while (2 * left < size) left *= 2;
    return Math.fround(reference(start, left, at) + reference(start + left, size - left, at));
  };
  check(vector, (value, at) => value === reference(0, count, at));
}

/** @throws Error when a sum of bf16 is off by more than all its roundings can be */
export function checkRounded(vector: Float32Array, count: number): void {
  // Less than 2^-7 of the value for each node above and including the leaf.
  check(vector, (value, at) => isNear(value, count, at, 2 ** -6.9 * (1 + Math.ceil(Math.log2(count)))));
}

/** @throws Error when a sum in any order is wrong */
export function checkTotal(vector: Float32Array, count: number): void {
  check(vector, (value, at) => isNear(value, count, at, count * 2 ** -23));
}

/** Against the sum in f64; `tolerance` is a share of the sum of the absolute values. */
function isNear(value: number, count: number, at: number, tolerance: number): boolean {
  let [sum, magnitude] = [0, 0];
  for (let unit = 0; unit < count; unit++) {
    sum += valueOf(unit, at);
    magnitude += Math.abs(valueOf(unit, at));
  }
  return Math.abs(value - sum) <= tolerance * magnitude;
}

function check(vector: Float32Array, isRight: (value: number, at: number) => boolean): void {
  for (let at = 0; at < vector.length; at += Math.max(1, Math.floor(vector.length / SAMPLES)))
    if (!isRight(vector[at] ?? NaN, at)) throw new Error(`element ${at} is wrong: ${vector[at]}`);
}
