import type { IncomingMessage } from 'node:http';
import { ApiError, ConnectionError } from '../errors.js';

/** Longest answer that is read, in bytes. */
const MAX_BODY = 256 * 1024 * 1024;

export const isNotFound = (error: unknown) => error instanceof ApiError && error.status === 404;
export const isConflict = (error: unknown) =>
  error instanceof ApiError && error.status === 409 && error.reason !== 'AlreadyExists';
export const isAlreadyExists = (error: unknown) =>
  error instanceof ApiError && error.reason === 'AlreadyExists';

/** The whole body as text. @throws ConnectionError when it breaks off or is too long */
export async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_BODY) throw new ConnectionError(`the answer is longer than ${MAX_BODY} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof ConnectionError) throw error;
    throw new ConnectionError(`the answer broke off: ${String(error)}`, { cause: error });
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** What the Status object of an error answer says. */
export async function toApiError(response: IncomingMessage): Promise<ApiError> {
  const status = response.statusCode ?? 0;
  const body = await readBody(response);
  const seconds = Number(response.headers['retry-after']);
  const retryAfterMs =
    (status === 429 || status >= 500) && Number.isFinite(seconds) ? seconds * 1000 : undefined;
  let message = `${status} ${response.statusMessage ?? ''}`.trim();
  let reason = '';
  try {
    const parsed = JSON.parse(body) as { message?: unknown; reason?: unknown } | null;
    if (typeof parsed?.message === 'string') message = parsed.message;
    if (typeof parsed?.reason === 'string') reason = parsed.reason;
  } catch {
    // A proxy in between answered, not the API server: the status line is all there is.
  }
  return new ApiError(message, status, reason, retryAfterMs);
}
