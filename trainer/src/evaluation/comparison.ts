/** The tuned model beside its base on rows that were not trained: the content of `evaluation.json`. */
export interface Comparison {
  readonly format: 'tuneyard-evaluation-v1';
  /** The held-out split that was compared; none = there are no held-out rows. */
  readonly split: 'test' | 'validation' | 'none';
  /** Rows of that split, and how many of them were compared. */
  readonly rows: number;
  readonly comparedRows: number;
  /** Rows whose answers were generated and are shown. */
  readonly answeredRows: number;
  /** Most tokens of an answer. */
  readonly maxNewTokens: number;
  /** Means over the whole validation and test split, as the job's metrics have them. */
  readonly metrics: readonly MeasuredMetric[];
  /** Mean loss of the trained tokens of the compared rows, nats, and on how many rows it fell or rose. */
  readonly loss?: PairedLoss;
  /** Answers that are the reference, row by row. */
  readonly exactMatch?: PairedMatches;
  readonly verdict: Verdict;
  /** What the course of training says to do, each a sentence. */
  readonly advice: readonly Advice[];
  /** What was left out, and why. */
  readonly notes: readonly string[];
}

export interface MeasuredMetric {
  readonly name: string;
  readonly base: number | undefined;
  readonly tuned: number;
  readonly examples: number;
}

/** Counts of pairs and the exact sign test over them. */
export interface Pairs {
  readonly better: number;
  readonly worse: number;
  readonly equal: number;
  /** Of a two-sided exact sign test. */
  readonly p: number;
}

export interface PairedLoss extends Pairs {
  readonly base: number;
  readonly tuned: number;
}

export interface PairedMatches extends Pairs {
  /** Rows answered right. */
  readonly base: number;
  readonly tuned: number;
}

export type Outcome = 'better' | 'worse' | 'same' | 'unknown';

export interface Verdict {
  readonly outcome: Outcome;
  readonly text: string;
}

export interface Advice {
  readonly reason: 'StillFalling' | 'WorseThanGuessing' | 'WorseThanBase' | 'LearnsByHeart' | 'FewRows';
  readonly text: string;
}

/** One compared row: a line of `evaluation.jsonl`. */
export interface ComparedRow {
  /** `file:line`. */
  readonly place: string;
  readonly question: string;
  readonly reference: string;
  /** Nats a trained token; absent where it was not measured. */
  readonly baseLoss?: number;
  readonly tunedLoss?: number;
  /** Greedy answers; absent where none was generated. */
  readonly base?: string;
  readonly tuned?: string;
}
