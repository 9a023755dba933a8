import type { SplitName } from './split-by-content.js';

/** A row that was left out. */
export interface Rejection {
  readonly place: string;
  readonly reason: string;
}

/** What became of the rows. */
export interface DataReport {
  /** Rows read, over all sources. */
  readonly rows: number;
  /** Rows left out because a field is missing, empty or of the wrong kind. */
  readonly invalid: number;
  /** Rows left out because the same words came before. */
  readonly duplicates: number;
  readonly tooShort: number;
  readonly tooLong: number;
  /** Examples cut to the maximum length. */
  readonly truncated: number;
  /** The first rows left out, with the reason. */
  readonly rejections: readonly Rejection[];
  readonly splits: Readonly<Record<SplitName, SplitReport>>;
}

export interface SplitReport {
  readonly examples: number;
  readonly tokens: number;
  /** Tokens that the loss counts. */
  readonly trainedTokens: number;
  /** Tokens of the longest example. */
  readonly longest: number;
}

/** How many rejected rows a report names. */
export const NAMED_REJECTIONS = 20;
