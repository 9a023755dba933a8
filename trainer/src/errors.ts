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
 * The process was told to end while it waited for what may not come: peers, a coordinator, the end of an evaluation. The
 * job goes on from its newest checkpoint; nothing is wrong.
 */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

/**
 * The coordinator has excluded this process from its job: its peers found wrong bits in what it computed, or it was far too
 * slow. Look at the machine: memory, GPU, heat, who else uses it. The job goes on with another process in its place.
 */
export class ExpelledError extends Error {
  override readonly name = 'ExpelledError';
}

/**
 * The machine has too little of something: memory of the compute backend. The message names the need, the limit and
 * what to lower. Likely causes: micro-batch or sequence too large, model too large for the backend.
 */
export class ResourceError extends Error {
  override readonly name = 'ResourceError';
}

/**
 * A source could not be read or a destination not be written, although it was tried again and again: server down,
 * network cut, data that arrives damaged. Nothing is wrong with the job; a later retry may help.
 */
export class TransferError extends Error {
  override readonly name = 'TransferError';
}
