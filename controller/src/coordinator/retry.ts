import { setTimeout as delay } from 'node:timers/promises';

const FIRST_DELAY_MS = 50;
const MAX_DELAY_MS = 2000;

/** Tries again, with growing pauses, until `action` resolves; undefined once `abandoned` says that it no longer matters. */
export async function retryUntil<Result>(
  action: () => Promise<Result>,
  abandoned: () => boolean,
  onError: (error: unknown) => void,
): Promise<Result | undefined> {
  for (let pause = FIRST_DELAY_MS; !abandoned(); pause = Math.min(2 * pause, MAX_DELAY_MS)) {
    try {
      return await action();
    } catch (error) {
      onError(error);
      await delay(pause);
    }
  }
  return undefined;
}
