import type { Example } from './encode-conversation.js';
import type { Script } from './script-of.js';
import type { SplitName } from './split-by-content.js';

/** A row that was left out. */
export interface Rejection {
  readonly place: string;
  readonly reason: string;
}

/** The counts of a report that rejected rows go into. */
export type RejectionKind = 'invalid' | 'duplicates' | 'tooShort' | 'tooLong';

/** How many rows were left out for one reason; numbers in it are those of the first row. */
export interface ReasonCount {
  readonly reason: string;
  readonly rows: number;
}

/** A held-out row that nearly repeats a training row. */
export interface LeakedRow {
  readonly place: string;
  readonly trainedAt: string;
}

/** What became of the rows. */
export interface DataReport {
  /** Rows read, over all sources. */
  readonly rows: number;
  /** Rows left out because a field is missing, empty or of the wrong kind. */
  readonly invalid: number;
  /** Rows left out because the same words came before. */
  readonly duplicates: number;
  /** Rows kept although they are nearly the same as an earlier one; they always share its split. */
  readonly nearDuplicates: number;
  readonly tooShort: number;
  readonly tooLong: number;
  /** Examples cut to the maximum length. */
  readonly truncated: number;
  /** Held-out rows of sources with a declared split that nearly repeat a training row. */
  readonly leaked: number;
  /** The first of them. */
  readonly leaks: readonly LeakedRow[];
  /** The first rows left out, with the reason. */
  readonly rejections: readonly Rejection[];
  /** The first row that is left out as invalid. */
  readonly firstInvalid?: Rejection;
  /** Every reason for which rows are left out, the most frequent first. */
  readonly reasons: readonly ReasonCount[];
  /** Fields of the rows that nothing reads, and in how many rows they stand. */
  readonly unusedFields: Readonly<Record<string, number>>;
  /** Rows kept although they hold U+FFFD: text that was damaged before it came here. */
  readonly damaged: number;
  /** Rows kept although their bytes seem to have been read in a wrong encoding. */
  readonly misread: number;
  /** The first of them, and how it begins. */
  readonly firstMisread?: { readonly place: string; readonly text: string };
  /** What was not as usual when the files were read, such as their encoding. */
  readonly notes: readonly string[];
  /** Rows by the script that most of their words are written in. */
  readonly scripts: Readonly<Partial<Record<Script, number>>>;
  /** Training examples by length. */
  readonly lengths: readonly LengthBucket[];
  readonly splits: Readonly<Record<SplitName, SplitReport>>;
}

export interface LengthBucket {
  /** Tokens, inclusive; the bucket begins after the one before. */
  readonly upTo: number;
  readonly examples: number;
}

export interface SplitReport {
  readonly examples: number;
  readonly tokens: number;
  /** Tokens that the loss counts. */
  readonly trainedTokens: number;
  /** Tokens of the longest example. */
  readonly longest: number;
}

/** How many rejected or leaked rows a report names. */
export const NAMED_ROWS = 20;

export function summarizeSplit(examples: readonly Example[]): SplitReport {
  let tokens = 0;
  let trainedTokens = 0;
  let longest = 0;
  for (const { inputIds, trained } of examples) {
    tokens += inputIds.length;
    longest = Math.max(longest, inputIds.length);
    // The first position has nothing before it that could predict it.
    for (let index = 1; index < trained.length; index++) trainedTokens += trained[index]!;
  }
  return { examples: examples.length, tokens, trainedTokens, longest };
}

/** Powers of two, from the smallest that holds an example to the largest. */
export function lengthHistogram(examples: readonly Example[]): LengthBucket[] {
  const counts = new Map<number, number>();
  for (const { inputIds } of examples) {
    const upTo = 2 ** Math.ceil(Math.log2(Math.max(1, inputIds.length)));
    counts.set(upTo, (counts.get(upTo) ?? 0) + 1);
  }
  return [...counts].map(([upTo, count]) => ({ upTo, examples: count })).sort((a, b) => a.upTo - b.upTo);
}

/** Rows and conversations that nothing is learnt from. */
export function leftOut({ invalid, duplicates, tooShort, tooLong }: DataReport): number {
  return invalid + duplicates + tooShort + tooLong;
}
