import { createHash, timingSafeEqual } from 'node:crypto';

/** Compares secrets in a time that depends on neither content nor length. */
export function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest();
  return timingSafeEqual(digest(given), digest(expected)) && expected.length > 0;
}
