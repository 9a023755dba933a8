import { DivergedError, UserError } from '../errors.js';

/** Why a worker gave up, as the controller classifies it; decides whether a retry makes sense. */
export interface FailureClass {
  readonly reason: 'UserError' | 'Diverged' | 'Infrastructure';
  readonly exitCode: number;
}

export function classifyFailure(error: unknown): FailureClass {
  if (error instanceof UserError) return { reason: 'UserError', exitCode: 2 };
  if (error instanceof DivergedError) return { reason: 'Diverged', exitCode: 3 };
  return { reason: 'Infrastructure', exitCode: 1 };
}
