import type {
  CheckpointRequest,
  CheckpointDone,
  Finished,
  Progress,
  Stop,
  TrainerConfig,
} from '@tuneyard/proto';

/** Work that the members of a group share: `count` units whose results are summed in canonical order. */
export interface SharedWork {
  /** 1-based optimizer step that this work belongs to; with {@link phase} it names the work. */
  readonly step: number;
  readonly phase: 'gradient' | 'evaluation';
  /** Units (micro-batches) to be summed, 0..count-1. */
  readonly count: number;
  /** Length of each unit's vector; 0 when only the scalars are summed. */
  readonly vectorLength: number;
  /** Computes one unit into `out` (overwritten). Deterministic: whoever computes it writes the same bits. */
  compute(index: number, out: Float32Array): Promise<Scalars>;
}

/** Summed beside the vector, in f64 and in the same canonical order. */
export interface Scalars {
  readonly lossSum: number;
  readonly trainedTokens: number;
}

export type SharedResult =
  | {
      readonly kind: 'sum';
      /** Valid until the next call. */
      readonly vector: Float32Array;
      readonly scalars: Scalars;
      readonly timings: {
        readonly computeSeconds: number;
        readonly reduceSeconds: number;
        readonly bytes: number;
      };
    }
  /** This member was behind and has imported a peer's state; go on after `committedStep`. */
  | { readonly kind: 'caught-up'; readonly committedStep: number };

/** The state that members hand to each other; implemented by the loop. */
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
  /** The model and data are loaded; resolves when the first membership that includes this worker is known. */
  join(state: StateHolder, totalSteps: number): Promise<void>;
  /** Position in the current membership; rank 0 writes checkpoints and results. */
  readonly rank: number;
  readonly size: number;
  readonly generation: number;
  /** Computes this member's share and sums everybody's, through as many generations as it takes. */
  sum(work: SharedWork): Promise<SharedResult>;
  reportProgress(progress: Progress): void;
  reportCheckpoint(done: CheckpointDone): void;
  /** Delivered once the coordinator has it. */
  finish(finished: Finished): Promise<void>;
  /** The newest unanswered directive of each kind, polled by the loop between steps. */
  takeCheckpointRequest(): CheckpointRequest | undefined;
  stopRequested(): Stop | undefined;
  close(): Promise<void>;
}
