/**
 * The user gave something that cannot be used. The message is one sentence that names the place (field path,
 * file:line) and the way out. Commands print it alone, without a stack, and exit with 2.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
}

/** Message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
