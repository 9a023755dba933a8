import { copyInSlices, copyOf } from '../support/index.js';
import { NO_LOSSES, type LossQuarter } from './loss-quarters.js';

/**
 * The loop's own part of the adapter state: what, beside parameters and optimizer moments, a newcomer or a
 * resumed run must know so that it takes the same decisions as a run that was never disturbed.
 */
export interface RunState {
  /** Optimizer steps applied. */
  readonly step: number;
  /** The last step after which the validation loss was measured. */
  readonly evaluatedStep: number;
  /** Tokens trained so far, whole job. */
  readonly tokens: number;
  /** Steps skipped because their loss or gradient was not finite: in all, and without a good one between. */
  readonly skippedSteps: number;
  readonly skippedInARow: number;
  /** The newest validation loss, the best one, where it was, and evaluations since. */
  readonly evalLoss: number | null;
  readonly bestEvalLoss: number | null;
  readonly bestStep: number;
  readonly evaluationsSinceBest: number;
  /** Training losses since the last evaluation: their sum and number. */
  readonly trainLossSum: number;
  readonly trainLossSteps: number;
  /** Mean training loss of the stretch of steps that the last evaluation closed. */
  readonly stretchTrainLoss: number | null;
  /** The evaluation at which the validation loss began to rise while the training loss fell; null = it does not. */
  readonly risingSinceStep: number | null;
  /** Early stopping decided that no further step is taken. */
  readonly stoppedEarly: boolean;
  /** Training losses by quarter of the planned steps. */
  readonly lossQuarters: readonly LossQuarter[];
  /** Validation loss of the base model; null without validation rows. */
  readonly baseEvalLoss: number | null;
  /** Exact match on the test split before and after training; null when the job does not ask for it. */
  readonly baseTested: boolean;
  readonly baseExactMatch: number | null;
  readonly tunedTested: boolean;
  readonly tunedExactMatch: number | null;
}

export const INITIAL_RUN_STATE: RunState = {
  step: 0,
  evaluatedStep: 0,
  tokens: 0,
  skippedSteps: 0,
  skippedInARow: 0,
  evalLoss: null,
  bestEvalLoss: null,
  bestStep: 0,
  evaluationsSinceBest: 0,
  trainLossSum: 0,
  trainLossSteps: 0,
  stretchTrainLoss: null,
  risingSinceStep: null,
  stoppedEarly: false,
  lossQuarters: NO_LOSSES,
  baseEvalLoss: null,
  baseTested: false,
  baseExactMatch: null,
  tunedTested: false,
  tunedExactMatch: null,
};

/** Everything that moves from one worker to another, or to a checkpoint. */
export interface WholeState {
  readonly run: RunState;
  /** The engine's state image (parameters and moments). */
  readonly image: Uint8Array;
  /** The image at the best validation loss; empty unless early stopping needs it. */
  readonly bestImage: Uint8Array;
}

const HEADER_BYTES = 16;
const MAX_JSON_BYTES = 1 << 20;

/** One buffer: u32 length of the JSON, u32 zero, u64 length of the image (little-endian), then JSON, image, best image. */
export async function packState({ run, image, bestImage }: WholeState): Promise<Uint8Array> {
  const json = new TextEncoder().encode(JSON.stringify(run));
  const packed = new Uint8Array(HEADER_BYTES + json.length + image.length + bestImage.length);
  const header = new DataView(packed.buffer);
  header.setUint32(0, json.length, true);
  header.setBigUint64(8, BigInt(image.length), true);
  packed.set(json, HEADER_BYTES);
  await copyInSlices(packed.subarray(HEADER_BYTES + json.length), image);
  await copyInSlices(packed.subarray(HEADER_BYTES + json.length + image.length), bestImage);
  return packed;
}

/** @throws Error when the buffer is not what {@link packState} wrote. */
export async function unpackState(packed: Uint8Array): Promise<WholeState> {
  if (packed.length >= HEADER_BYTES) {
    const header = new DataView(packed.buffer, packed.byteOffset);
    const jsonBytes = header.getUint32(0, true);
    const imageBytes = Number(header.getBigUint64(8, true));
    const imageAt = HEADER_BYTES + jsonBytes;
    if (jsonBytes <= MAX_JSON_BYTES && imageAt + imageBytes <= packed.length) {
      const json = new TextDecoder().decode(packed.subarray(HEADER_BYTES, imageAt));
      return {
        run: { ...INITIAL_RUN_STATE, ...(JSON.parse(json) as Partial<RunState>) },
        image: await copyOf(packed.subarray(imageAt, imageAt + imageBytes)),
        bestImage: await copyOf(packed.subarray(imageAt + imageBytes)),
      };
    }
  }
  throw new Error(`a state of ${packed.length} bytes is truncated or damaged`);
}
