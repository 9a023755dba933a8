import { UserError } from '../errors.js';

export const SCHEDULERS = ['constant', 'linear', 'cosine'] as const;

export interface Schedule {
  /** One of {@link SCHEDULERS}. */
  readonly scheduler: string;
  /** The peak learning rate. */
  readonly learningRate: number;
  readonly warmupSteps: number;
  /** Optimizer steps of the whole run. */
  readonly totalSteps: number;
}

/** Warm-up steps for a share of all steps, rounded up as the Hugging Face trainer does. */
export function warmupStepsOf(ratio: number, totalSteps: number): number {
  return Math.ceil(totalSteps * ratio);
}

/**
 * The learning rate of one optimizer step (definitions of `transformers.optimization`): linear warm-up from 0, so
 * that the first step of a warm-up has rate 0, then constant, linear to 0, or half a cosine to 0.
 * @param done optimizer steps taken before this one (0 for the first).
 * @throws UserError when the scheduler is unknown.
 */
export function learningRateAt(done: number, schedule: Schedule): number {
  const { scheduler, learningRate, warmupSteps, totalSteps } = schedule;
  if (done < warmupSteps) return (learningRate * done) / Math.max(1, warmupSteps);
  const decaySteps = Math.max(1, totalSteps - warmupSteps);
  switch (scheduler) {
    case 'constant':
      return learningRate;
    case 'linear':
      return learningRate * Math.max(0, (totalSteps - done) / decaySteps);
    case 'cosine':
      return learningRate * Math.max(0, 0.5 * (1 + Math.cos((Math.PI * (done - warmupSteps)) / decaySteps)));
    default:
      throw new UserError(`training.scheduler: "${scheduler}" is not one of ${SCHEDULERS.join(', ')}.`);
  }
}
