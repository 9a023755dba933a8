import type { ComparedModels, ComparedRow, Comparison, ModelName } from '../evaluation/index.js';
import type { Scalars } from '../collective/group.js';
import type { MemoryReport } from '../memory/index.js';
import type { LocalJob } from '../storage/index.js';
import type { UpdateOptions } from './engine.js';
import type { RunSettings } from './run-settings.js';

/** What a job amounts to once its model and data are loaded; the same on every worker. */
export interface LoadedJob {
  /** Names settings and training data; a run with another name is another run. */
  readonly fingerprint: string;
  /** What the fingerprint names, in the words of the job. */
  readonly settings: RunSettings;
  /** Name of the tensor backend and why it was chosen. */
  readonly backend: string;
  /** Length of the flat gradient vector. */
  readonly parameterCount: number;
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  readonly microBatchesPerStep: number;
  readonly validationBatches: number;
  /** Trained tokens of the whole validation split. */
  readonly validationTokens: number;
  readonly vocabularySize: number;
  /** Groups of test examples that are generated together. */
  readonly testGroups: number;
  /** Examples after cleaning, by split. */
  readonly examples: { readonly train: number; readonly validation: number; readonly test: number };
  /** What the data do to the job, and its owner hardly expects. */
  readonly warnings: readonly string[];
  /** Share of padding in the training micro-batches, 0..1. */
  readonly paddingShare: number;
}

/** What loading is at. */
export type LoadPhase = 'data' | 'model';

/**
 * The numeric side of one job, next to its data: what the training loop asks for. {@link Workbench} does the work in
 * the calling thread, {@link ThreadedCompute} in a thread of its own, so that a long step never blocks gRPC.
 */
export interface Compute extends ComparedModels {
  /** Loads model and data. Throws `UserError` for anything in them that cannot be used. */
  load(job: LocalJob, onPhase?: (phase: LoadPhase) => void): Promise<LoadedJob>;
  /** Gradient of micro-batch `index` (0-based) of optimizer step `step` (1-based), into `out`. */
  gradient(step: number, index: number, out: Float32Array): Promise<Scalars>;
  validationLoss(index: number): Promise<Scalars>;
  /** The same of the base model. */
  baseLoss(index: number): Promise<Scalars>;
  /** Greedy generation of one group of test examples. */
  exactMatches(group: number, model: ModelName): Promise<MatchCount>;
  /** Applies the summed gradient, unless its norm is not finite; returns the norm before clipping. */
  update(gradient: Float32Array, options: UpdateOptions): Promise<number>;
  /** Seconds that went into laying out training micro-batches since the last call: what the data costs a step. */
  takeDataSeconds(): Promise<number>;
  exportState(): Promise<Uint8Array>;
  importState(state: Uint8Array): Promise<void>;
  /** Writes the tuned adapter or model, and what is to be known of it, into an existing empty folder. */
  save(folder: string, summary: RunSummary): Promise<void>;
  /** Estimated and measured memory, where it is measured and a gradient has been computed. */
  memoryReport(): Promise<MemoryReport | undefined>;
  dispose(): Promise<void>;
}

/** What the loop knows of a run at its end. */
export interface RunSummary {
  readonly steps: number;
  readonly totalSteps: number;
  readonly tokens: number;
  readonly trainLossByQuarter: readonly number[];
  readonly comparison: Comparison;
  readonly compared: readonly ComparedRow[];
}

export interface MatchCount {
  readonly matches: number;
  readonly examples: number;
}
