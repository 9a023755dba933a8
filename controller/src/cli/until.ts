import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../errors.js';

const LOOK_EVERY_MS = 500;

/**
 * Looks until there is an answer.
 * @param look undefined = not yet
 * @param late what to say when there is none in time
 * @throws UserError after `seconds`
 */
export async function until<T>(
  seconds: number,
  look: () => Promise<T | undefined>,
  late: () => string,
): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const answer = await look();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new UserError(late());
    await delay(LOOK_EVERY_MS);
  }
}
