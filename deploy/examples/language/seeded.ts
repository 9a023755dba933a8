import { createHash } from 'node:crypto';

/** Reproducible draws: SHA-256 of the seed, the stream's name and a counter. Slow and simple; only generators use it. */
export class Seeded {
  private counter = 0;
  private pool = Buffer.alloc(0);

  constructor(
    private readonly seed: number,
    private readonly stream: string,
  ) {}

  /** Uniform in [0, 1). */
  uniform(): number {
    if (this.pool.length < 4) {
      this.pool = createHash('sha256').update(`${this.seed}/${this.stream}/${this.counter++}`).digest();
    }
    const value = this.pool.readUInt32BE(0) / 2 ** 32;
    this.pool = this.pool.subarray(4);
    return value;
  }

  /** Integer in [0, limit). */
  integer(limit: number): number {
    return Math.floor(this.uniform() * limit);
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.integer(items.length)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  }

  /** Decimal digits, leading zeros included. */
  digits(count: number): string {
    return Array.from({ length: count }, () => this.integer(10)).join('');
  }

  shuffle<T>(items: readonly T[]): T[] {
    return items
      .map((item) => ({ item, key: this.uniform() }))
      .toSorted((a, b) => a.key - b.key)
      .map(({ item }) => item);
  }
}
