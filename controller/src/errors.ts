/**
 * The user gave something that cannot be used. The message is one sentence that names the place (field path,
 * file:line) and the way out. Commands print it alone, without a stack, and exit with 2.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
}

/**
 * The Kubernetes API server answered with an error. `status` is the HTTP code, `reason` the machine-readable word of
 * its Status object (NotFound, AlreadyExists, Conflict, Expired, …).
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    message: string,
    readonly status: number,
    readonly reason: string,
    /** How long the server asks to wait before the next try. */
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }
}

/** No answer from the Kubernetes API server: it cannot be reached, broke off, or took too long. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
}

/**
 * A watch that the server had begun sent nothing, not even a bookmark, for longer than its reader waits. The connection
 * may be dead, or there was simply nothing to say: an API server sends no bookmarks for a resource without events.
 */
export class QuietWatchError extends ConnectionError {}

/** A write was held back because this process is not, or no longer surely, the leader. Nothing was sent. */
export class NotLeaderError extends Error {
  override readonly name = 'NotLeaderError';
}

/** An object that the controller would make is there already, and belongs to somebody else. The message names it. */
export class ForeignObjectError extends Error {
  override readonly name = 'ForeignObjectError';
}
