import { NAMED_ROWS, type ReasonCount, type Rejection, type RejectionKind } from './data-report.js';

/** Reasons name fields of strangers; there are never more than this many in a report. */
const MOST_REASONS = 50;
const OTHER = 'other reasons';

/** The rows that are left out: all are counted, by kind and by reason, and the first are named. */
export class RejectedRows {
  readonly counts: Record<RejectionKind, number> = { invalid: 0, duplicates: 0, tooShort: 0, tooLong: 0 };
  readonly first: Rejection[] = [];
  firstInvalid: Rejection | undefined;
  private readonly byReason = new Map<string, { reason: string; rows: number }>();

  add(kind: RejectionKind, place: string, reason: string): void {
    this.counts[kind]++;
    if (kind === 'invalid') this.firstInvalid ??= { place, reason };
    if (this.first.length < NAMED_ROWS) this.first.push({ place, reason });
    // The same mistake in another turn, or at another position, is the same reason.
    const key = reason.replaceAll(/\d+/g, '#');
    const known = this.byReason.get(key);
    if (known) known.rows++;
    else if (this.byReason.size < MOST_REASONS) this.byReason.set(key, { reason, rows: 1 });
    else this.addOther();
  }

  /** The most frequent first. */
  get reasons(): ReasonCount[] {
    return [...this.byReason.values()].sort((a, b) => b.rows - a.rows);
  }

  private addOther(): void {
    const other = this.byReason.get(OTHER) ?? { reason: OTHER, rows: 0 };
    other.rows++;
    this.byReason.set(OTHER, other);
  }
}
