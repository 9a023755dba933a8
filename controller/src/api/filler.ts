import type { FilledField } from './resolved-spec.js';

/** Takes what the user gave, else the default, and notes why. */
export class Filler {
  readonly reasons: FilledField[] = [];

  pick<T>(field: string, given: T | undefined, fallback: T, reason: string): T {
    if (given !== undefined) return given;
    this.reasons.push({ field, reason });
    return fallback;
  }
}
