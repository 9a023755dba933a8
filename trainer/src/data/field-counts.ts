/** Names of fields come from strangers; the report holds no more than this many. */
const MOST_FIELDS = 50;
const MOST_CHARACTERS = 80;

/** In how many rows a field stands that nothing reads. */
export class FieldCounts {
  private readonly counts = new Map<string, number>();

  add(names: Iterable<string>): void {
    for (const name of names) {
      const short = name.slice(0, MOST_CHARACTERS);
      const count = this.counts.get(short);
      if (count !== undefined || this.counts.size < MOST_FIELDS) this.counts.set(short, (count ?? 0) + 1);
    }
  }

  /** By name. */
  get byField(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.counts);
  }
}
