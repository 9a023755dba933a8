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
export function readBody(response: IncomingMessage): Promise<string> {
  // Listeners, not an async iterator: every request comes through here, and an iterator costs as much as parsing.
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const brokeOff = (error: unknown) => {
      if (error instanceof ConnectionError) reject(error);
      else reject(new ConnectionError(`the answer broke off: ${String(error)}`, { cause: error }));
    };
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_BODY)
        response.destroy(new ConnectionError(`the answer is longer than ${MAX_BODY} bytes`));
      else chunks.push(chunk);
    });
    response.once('end', () =>
      resolve((chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)).toString()),
    );
    response.once('error', brokeOff);
    response.once('close', () => {
      if (!response.readableEnded) brokeOff('closed');
    });
  });
}

/** Waits for the end of a body without reading it. @throws ConnectionError when it breaks off */
export function passOver(response: IncomingMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    const brokeOff = (error: unknown) =>
      reject(new ConnectionError(`the answer broke off: ${String(error)}`, { cause: error }));
    response.once('end', resolve);
    response.once('error', brokeOff);
    response.once('close', () => {
      if (!response.readableEnded) brokeOff('closed');
    });
    response.resume();
  });
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
