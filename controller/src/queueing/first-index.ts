/** Where those begin that match, in a list in which all others stand before them; its length when there are none. */
export function firstIndex<T>(items: readonly T[], matches: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (matches(items[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}
