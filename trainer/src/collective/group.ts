import type {
  CheckpointDone,
  CheckpointRequest,
  Finished,
  Finished_Outcome,
  Progress,
  ResumedFrom,
  Stop,
  TrainerConfig,
} from '@tuneyard/proto';

/** Work that the members of a group share: `count` units whose results are summed in canonical order. */
export interface SharedWork {
  /**
   * `gradient`: the optimizer step being computed, `committedStep() + 1`. `evaluation`: the step just committed,
   * `committedStep()`; 0 = before training.
   */
  readonly step: number;
  readonly phase: 'gradient' | 'evaluation';
  /** Units (micro-batches) to be summed, 0..count-1; >= 1. */
  readonly count: number;
  /** Length of each unit's vector; 0 when only the scalars are summed, always so in an evaluation. */
  readonly vectorLength: number;
  /**
   * Makes this a verified work: each member computes one unit of another as well and nothing is summed before their bits
   * agree. The number, 0, 1, ..., chooses who checks whom; the same on all members. Default: not verified.
   */
  readonly verification?: number | undefined;
  /** Present: sums are kept and sent as bf16, rounded at random from this seed (bf16-sums.ts); otherwise f32. */
  readonly rounding?: { readonly seed: number };
  /** Computes one unit into `out` (overwritten). Deterministic: whoever computes it writes the same bits. */
  compute(index: number, out: Float32Array): Promise<Scalars>;
}

/** Summed beside the vector, in f64 and in the same canonical order. */
export interface Scalars {
  readonly lossSum: number;
  readonly trainedTokens: number;
}

export interface SumTimings {
  /** Time this member spent on its own units. */
  readonly computeSeconds: number;
  /** From the end of its own units to the complete sum, what is spent on verification left out. */
  readonly reduceSeconds: number;
  /** Of these, time spent on adding. */
  readonly additionSeconds: number;
  /** Sent to peers. */
  readonly bytes: number;
}

export type SharedResult =
  | {
      readonly kind: 'sum';
      /** Valid until the next call. */
      readonly vector: Float32Array;
      readonly scalars: Scalars;
      readonly timings: SumTimings;
    }
  /**
   * This member was behind and has imported a peer's state; go on after `committedStep`: with the evaluation of that
   * step when one is due, as if the step had just been taken here.
   */
  | { readonly kind: 'caught-up'; readonly committedStep: number }
  /** The job's result has been delivered by a peer; nothing is left to do. */
  | { readonly kind: 'over'; readonly outcome: Finished_Outcome };

/** The state that members hand to each other; implemented by the loop. Not called while the loop is outside of the group. */
export interface StateHolder {
  /** Steps applied to the state held now. */
  committedStep(): number;
  exportState(): Promise<Uint8Array>;
  importState(step: number, state: Uint8Array): Promise<void>;
}

/**
 * A worker's view of its job: the session with the coordinator, the peers of the current generation, and the
 * all-reduce among them. Survives the loss of peers and of the coordinator; the loop above sees neither.
 */
export interface Group {
  readonly memberId: string;
  /** Says hello; resolves with the configuration of the job. */
  connect(): Promise<TrainerConfig>;
  /**
   * The model and data are loaded, and the checkpoint that training goes on from, if there is one; resolves when the first membership that includes this worker is known, or when
   * the job was stopped before there was one (then `stopRequested()` says so and `size` is 0).
   */
  join(state: StateHolder, totalSteps: number, resumedFrom?: ResumedFrom): Promise<void>;
  /** Position in the current membership; rank 0 writes checkpoints and results. */
  readonly rank: number;
  readonly size: number;
  readonly generation: number;
  /** Computes this member's share and sums everybody's, through as many generations as it takes. */
  sum(work: SharedWork): Promise<SharedResult>;
  reportProgress(progress: Progress): void;
  reportCheckpoint(done: CheckpointDone): void;
  /**
   * For everybody but rank 0, after the last step: waits until rank 0 has delivered the result (`over`), handing out
   * state to members that are behind; `leader` = this member is rank 0 now and has to deliver it.
   */
  awaitCompletion(): Promise<'over' | 'leader'>;
  /** Delivered once the coordinator has it. */
  finish(finished: Finished): Promise<void>;
  /** The newest unanswered directive, polled by the loop between steps. */
  takeCheckpointRequest(): CheckpointRequest | undefined;
  /**
   * The process was told to end. The step in hand is finished where that is possible; what would keep the process
   * for longer (an evaluation, peers or a coordinator that are gone) ends with {@link InterruptedError}.
   */
  endSoon(): void;
  /** Set on all members after the same step, as soon as one of them was told to stop before its share of that step was summed. */
  stopRequested(): Stop | undefined;
  close(): Promise<void>;
}
