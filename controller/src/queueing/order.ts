/** What the order of waiting jobs depends on. */
export interface Ordered {
  readonly key: string;
  readonly priority: number;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
}

export const compareKeys = (a: Pick<Ordered, 'key'>, b: Pick<Ordered, 'key'>): number =>
  a.key < b.key ? -1 : a.key > b.key ? 1 : 0;

/** Older first, then by name: between jobs of different queues, whose priorities say nothing to each other. */
export const compareAges = (a: Ordered, b: Ordered): number => a.createdAt - b.createdAt || compareKeys(a, b);

/** Higher priority first, then older, then by name so that the order is total. */
export function compareJobs(a: Ordered, b: Ordered): number {
  return b.priority - a.priority || a.createdAt - b.createdAt || compareKeys(a, b);
}
