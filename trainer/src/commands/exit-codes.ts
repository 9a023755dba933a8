import { DivergedError, ResourceError, UserError } from '../errors.js';

/** Why a worker gave up, as the controller classifies it; decides whether a retry makes sense. */
export interface FailureClass {
  readonly reason: 'UserError' | 'Diverged' | 'OutOfMemory' | 'Infrastructure';
  readonly exitCode: number;
}

export function classifyFailure(error: unknown): FailureClass {
  if (error instanceof UserError) return { reason: 'UserError', exitCode: 2 };
  if (error instanceof DivergedError) return { reason: 'Diverged', exitCode: 3 };
  if (error instanceof ResourceError) return { reason: 'OutOfMemory', exitCode: 4 };
  return { reason: 'Infrastructure', exitCode: 1 };
}
