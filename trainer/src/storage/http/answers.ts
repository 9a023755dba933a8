import { UserError } from '../../errors.js';
import { credentialAdvice, type Credentials } from '../credentials.js';
import { BusyError } from '../retry.js';
import type { RemoteBody } from '../source.js';
import type { Response } from './web-client.js';

/** What to say about an address when a server refuses it. */
export interface Refusal {
  /** The address, as it may be printed. */
  readonly place: string;
  readonly credentials: Credentials;
  /** Keys that give access, for the advice. */
  readonly keys: string;
}

/** Nothing for a good answer. @throws UserError when trying again is of no use, BusyError when it is */
export async function checkAnswer(response: Response, refusal: Refusal): Promise<void> {
  if (response.ok) return;
  await discard(response);
  throw refusalError(response.status, refusal, retryAfter(response));
}

export function refusalError(
  status: number,
  { place, credentials, keys }: Refusal,
  waitMs?: number,
): UserError | BusyError {
  const advice = credentialAdvice(credentials, keys);
  switch (status) {
    case 401:
      return new UserError(`${place}: the server asks for credentials (401): ${advice}`);
    case 403:
      return new UserError(`${place}: access is not granted (403): ${advice}`);
    case 404:
    case 410:
      return new UserError(
        `${place}: there is nothing of this name, or it is hidden from these credentials (${status}): check the address, or ${advice}`,
      );
  }
  if (status === 408 || status === 412 || status === 416 || status === 429 || status >= 500)
    return new BusyError(`the server answers ${status}`, waitMs);
  return new UserError(`${place}: the server refuses the request (${status}): check the address`);
}

/** How {@link openRange} asks again for the rest of a file. */
export interface RangeRequest {
  /** Sends the request with these headers. */
  readonly send: (headers: Record<string, string>) => Promise<Response>;
  readonly start: number;
  /** A strong ETag or a date: the rest is wanted only of the same content. Undefined = the content cannot change. */
  readonly validator?: string | undefined;
  readonly refusal: Refusal;
}

/** The bytes of a file from `start` on, or from the beginning when the server cannot or the file has changed. */
export async function openRange({ send, start, validator, refusal }: RangeRequest): Promise<RemoteBody> {
  // A compressed transfer has no offsets to resume at.
  const plain = { 'accept-encoding': 'identity' };
  const range = { range: `bytes=${start}-`, ...(validator === undefined ? {} : { 'if-range': validator }) };
  let response = await send(start > 0 ? { ...plain, ...range } : plain);
  if (response.status === 416 && start > 0) {
    await discard(response);
    response = await send(plain);
  }
  await checkAnswer(response, refusal);
  return bodyOf(response, start);
}

/** The body of an answer to a request that asked for the bytes from `start` on. */
export async function bodyOf(response: Response, start: number): Promise<RemoteBody> {
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '');
  const partial = response.status === 206;
  if (partial && range === null) {
    await discard(response);
    throw new BusyError('the server sends a part of the file and does not say which');
  }
  const from = partial ? Number(range?.[1]) : 0;
  if (from > start) {
    await discard(response);
    throw new BusyError(`the server sends the bytes from ${from} on instead of from ${start}`);
  }
  const length = Number(response.headers.get('content-length') ?? NaN);
  const encoded = response.headers.get('content-encoding') !== null;
  const whole = partial ? Number(range?.[2]) : encoded ? NaN : length;
  return {
    start: from,
    size: Number.isSafeInteger(whole) ? whole : undefined,
    bytes: (response.body ?? []) as AsyncIterable<Uint8Array>,
  };
}

/** Frees the connection of an answer that is not read. */
export async function discard(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => undefined);
}

/** A small text. @throws UserError when it is larger than `most` bytes */
export async function textOf(bytes: AsyncIterable<Uint8Array>, most: number, place: string): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of bytes) {
    size += part.length;
    if (size > most) throw new UserError(`${place}: is larger than the ${most} bytes that are allowed here`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function retryAfter(response: Response): number | undefined {
  const seconds = Number(response.headers.get('retry-after') ?? NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}
