/** `list[index]`, which must exist. */
export function item<T>(list: ArrayLike<T>, index: number): T {
  const found = list[index];
  if (found === undefined) throw new RangeError(`index ${index} is outside 0..${list.length - 1}`);
  return found;
}
