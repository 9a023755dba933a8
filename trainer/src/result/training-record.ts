import type { ComparedRow, Comparison } from '../evaluation/index.js';
import type { BaseIdentity } from './base-identity.js';

/** One data set of the run. */
export interface RecordedSource {
  /** Address, or the name alone where the address means nothing elsewhere. */
  readonly name: string;
  /** Of the file; absent for folders and patterns. */
  readonly sha256?: string;
}

/** How a result came about: the content of `training.json`. Holds no date and no path, so that the same run gives the same bytes. */
export interface TrainingRecord {
  readonly format: 'tuneyard-training-v1';
  readonly base: BaseIdentity;
  readonly method: string;
  readonly steps: number;
  readonly totalSteps: number;
  readonly tokens: number;
  /** Mean training loss of each quarter of the steps, nats a token. */
  readonly trainLossByQuarter: readonly number[];
  readonly metrics: Comparison['metrics'];
  readonly data: {
    /** `sha256:<hex>` over the token ids that were trained. */
    readonly digest: string;
    readonly rows: { readonly train: number; readonly validation: number; readonly test: number };
    readonly sources: readonly RecordedSource[];
  };
  /** Blocks of the job as they were resolved. */
  readonly settings: Readonly<Record<'method' | 'dataset' | 'training', unknown>>;
}

/** Everything that the files beside the result are written from. */
export interface HandOver {
  readonly record: TrainingRecord;
  readonly comparison: Comparison;
  readonly compared: readonly ComparedRow[];
  readonly runtimes: { readonly peft: boolean; readonly vllm: boolean; readonly note: string };
  /** Files of the tokenizer that stand beside the result. */
  readonly tokenizerFiles: readonly string[];
  /** Rank of a LoRA; undefined for other methods. */
  readonly rank: number | undefined;
}
