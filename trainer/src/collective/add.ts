/** left[i] += right[i], each sum rounded to f32 once. Shapes: equal lengths. */
export function addInto(left: Float32Array, right: Float32Array): void {
  for (let at = 0; at < left.length; at++) left[at] = (left[at] ?? 0) + (right[at] ?? 0);
}
