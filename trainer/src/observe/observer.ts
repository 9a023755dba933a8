import type { ResumedFrom, TrainerConfig } from '@tuneyard/proto';

/** What the training loop tells whoever watches: logs, metrics. */
export interface Observer {
  /** A part of loading begins. */
  loading(phase: 'data' | 'model' | 'base'): void;
  loaded(
    job: {
      readonly backend: string;
      readonly parameterCount: number;
      readonly totalSteps: number;
      readonly examples: { readonly train: number; readonly validation: number; readonly test: number };
      readonly paddingShare: number;
    },
    config: TrainerConfig,
  ): void;
  resumed(step: number, from: ResumedFrom): void;
  step(step: StepFigures): void;
  evaluation(step: number, evalLoss: number): void;
  tested(model: 'base' | 'tuned', exactMatch: number, examples: number): void;
  /** Validation loss of the base model. */
  baseLoss?(loss: number): void;
  /** The verdict on the tuned model, in words. */
  compared?(verdict: string): void;
  checkpoint(step: number, seconds: number): void;
  warn(message: string): void;
}

export interface StepFigures {
  readonly step: number;
  /** Nats per trained token. */
  readonly loss: number;
  /** Before clipping; NaN when the step was skipped. */
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** Wall time of the step. */
  readonly seconds: number;
  readonly scalars: { readonly trainedTokens: number };
  readonly timings: {
    /** Forward and backward passes, and the data for them. */
    readonly computeSeconds: number;
    /** Of computeSeconds, what laying out the micro-batches took. */
    readonly dataSeconds: number;
    readonly reduceSeconds: number;
    readonly updateSeconds: number;
    /** Sent to peers for the sum. */
    readonly bytes: number;
  };
}
