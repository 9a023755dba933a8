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
