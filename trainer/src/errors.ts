/**
 * The user gave something that cannot be used. The message is one sentence that names the place (field path,
 * file:line) and the way out. Commands print it alone, without a stack, and exit with 2.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
}

/** Loss or gradients stayed non-finite: the learning rate is too high, or the data is broken. Not worth a retry. */
export class DivergedError extends Error {
  override readonly name = 'DivergedError';
}

/** A peer sent something that is not a sound frame: a damaged line, another version, or a stranger. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/** The coordinator will never take this worker: wrong token, or no hello in time. Look at the job's Secret and address. */
export class CoordinatorError extends Error {
  override readonly name = 'CoordinatorError';
}

/**
 * The machine has too little of something: memory of the compute backend. The message names the need, the limit and
 * what to lower. Likely causes: micro-batch or sequence too large, model too large for the backend.
 */
export class ResourceError extends Error {
  override readonly name = 'ResourceError';
}
