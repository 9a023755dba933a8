import { median } from '../support/quantile.js';

/** What one round of one measurement took, all ranks together. */
export interface Sample {
  /** Until the slowest is done. */
  readonly seconds: number;
  /** Processor time of all. */
  readonly cpuSeconds: number;
  /** Mean time of a rank on adding. */
  readonly additionSeconds?: number;
  /** The longest time for which a rank's main thread did not turn to its events. */
  readonly blockedSeconds?: number;
}

export interface Row {
  readonly ranks: number;
  readonly what: string;
  readonly milliseconds: { readonly median: number; readonly min: number; readonly max: number };
  /** Vector size in f32 / time, and that times 2(n-1)/n: what each link carries (GB/s, 1e9 bytes). */
  readonly algorithmGBps?: number;
  readonly busGBps?: number;
  /** Medians over the rounds of (time of the other / time of this), each round on its own. */
  readonly shares?: Readonly<Record<string, number>>;
  /** The same for the processor time of all ranks: what other work on the machine disturbs less. */
  readonly cpuShareOfTcp?: number;
  readonly additionShare?: number;
  readonly blockedMilliseconds?: number;
}

/** A row of whole vectors. `others`: what it is compared with, measured in the same rounds; `TCP` among them. */
export function vectorRow(
  ranks: number,
  what: string,
  bytes: number,
  samples: readonly Sample[],
  others: Readonly<Record<string, readonly Sample[]>>,
): Row {
  const seconds = samples.map((sample) => sample.seconds);
  const algorithmGBps = bytes / 1e9 / median(seconds);
  const shareOf = (other: readonly Sample[], read: (sample: Sample) => number): number =>
    median(samples.flatMap((sample, turn) => (other[turn] ? [read(other[turn]) / read(sample)] : [])));
  return {
    ...row(ranks, what, seconds),
    algorithmGBps,
    busGBps: (algorithmGBps * 2 * (ranks - 1)) / ranks,
    shares: Object.fromEntries(
      Object.entries(others).map(([name, other]) => [name, shareOf(other, (sample) => sample.seconds)]),
    ),
    cpuShareOfTcp: shareOf(others['TCP'] ?? [], (sample) => sample.cpuSeconds),
    additionShare: median(samples.map((sample) => (sample.additionSeconds ?? NaN) / sample.seconds)),
    blockedMilliseconds: median(samples.map((sample) => 1000 * (sample.blockedSeconds ?? NaN))),
  };
}

export function row(ranks: number, what: string, seconds: readonly number[]): Row {
  const milliseconds = {
    median: 1000 * median(seconds),
    min: 1000 * Math.min(...seconds),
    max: 1000 * Math.max(...seconds),
  };
  return { ranks, what, milliseconds };
}

export function printRows(rows: readonly Row[]): void {
  console.table(
    rows.map(
      ({
        ranks,
        what,
        milliseconds,
        algorithmGBps,
        busGBps,
        shares,
        cpuShareOfTcp,
        additionShare,
        blockedMilliseconds,
      }) => ({
        ranks,
        what,
        'ms median': round(milliseconds.median),
        min: round(milliseconds.min),
        max: round(milliseconds.max),
        'alg GB/s': round(algorithmGBps),
        'bus GB/s': round(busGBps),
        ...Object.fromEntries(
          Object.entries(shares ?? {}).map(([name, share]) => [`of ${name}`, round(share)]),
        ),
        'CPU of TCP': round(cpuShareOfTcp),
        adding: round(additionShare),
        'blocked ms': round(blockedMilliseconds),
      }),
    ),
  );
}

function round(value: number | undefined): number | string {
  return value === undefined || Number.isNaN(value) ? '' : Number(value.toPrecision(3));
}
