/** How much each new step counts in the typical time of a unit. */
const SMOOTHING = 0.3;

/** What one unit takes on this member, smoothed over steps; the same whatever its share is. */
export class UnitClock {
  #typical: number | undefined;

  /** Seconds a unit; undefined before the first. */
  get seconds(): number | undefined {
    return this.#typical;
  }

  /** `units` took `seconds` together. */
  add(seconds: number, units: number): void {
    if (units === 0) return;
    const each = seconds / units;
    this.#typical = this.#typical === undefined ? each : this.#typical + SMOOTHING * (each - this.#typical);
  }
}
