import { setTimeout as delay } from 'node:timers/promises';
import { TransferError, UserError } from '../errors.js';

export interface RetryPolicy {
  /** Failures in a row after which it is given up. */
  readonly attempts: number;
  /** Wait after the first failure, milliseconds; doubled after each further one. */
  readonly firstMs: number;
  readonly longestMs: number;
}

/** Gives up after about two minutes without any progress. */
export const DEFAULT_RETRY: RetryPolicy = { attempts: 8, firstMs: 500, longestMs: 30_000 };

/** A failed request that says itself how long to wait before the next. */
export class BusyError extends Error {
  override readonly name = 'BusyError';
  constructor(
    message: string,
    /** Milliseconds; undefined = the server did not say. */
    readonly waitMs?: number,
  ) {
    super(message);
  }
}

/** Codes of errors of this machine's own files, which no server repairs. */
const LOCAL_CODES: ReadonlySet<string> = new Set([
  'ENOSPC',
  'EDQUOT',
  'EFBIG',
  'EROFS',
  'EACCES',
  'EPERM',
  'ENOENT',
  'EISDIR',
  'ENOTDIR',
  'EMFILE',
]);

export function isWorthRetrying(error: unknown): boolean {
  if (error instanceof UserError || error instanceof TransferError) return false;
  return !LOCAL_CODES.has((error as NodeJS.ErrnoException).code ?? '');
}

/** Waits before the next try: exponential, with jitter so that workers that failed together do not come back together. */
export async function backOff(policy: RetryPolicy, failures: number, error: unknown): Promise<void> {
  const exponential = Math.min(policy.longestMs, policy.firstMs * 2 ** (failures - 1));
  const asked = error instanceof BusyError ? (error.waitMs ?? 0) : 0;
  await delay(Math.min(policy.longestMs, Math.max(asked, exponential * (0.5 + Math.random() / 2))));
}

/** Runs something that can be repeated as a whole. @throws TransferError when it failed too often */
export async function retrying<T>(what: string, policy: RetryPolicy, run: () => Promise<T>): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await run();
    } catch (error) {
      if (!isWorthRetrying(error)) throw error;
      if (failures >= policy.attempts) throw gaveUp(what, failures, error);
      await backOff(policy, failures, error);
    }
  }
}

export function gaveUp(what: string, failures: number, error: unknown): TransferError {
  return new TransferError(
    `${what}: gave up after ${failures} failures in a row; the last: ${causeOf(error)}`,
    {
      cause: error,
    },
  );
}

/** The innermost message: "fetch failed" alone says nothing. Never holds an address, which could be signed. */
export function causeOf(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  const { message, code } = inner as NodeJS.ErrnoException;
  const text = message || (code ?? 'unknown failure');
  return text.replace(/https?:\/\/\S+/g, '<address>');
}
