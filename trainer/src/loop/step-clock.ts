/** How much each new step counts in the typical step time. */
const SMOOTHING = 0.1;

/** Wall time of steps, and an estimate of the next one that forgets pauses. */
export class StepClock {
  private last: number;
  private typical: number | undefined;

  /** @param now seconds, monotonic */
  constructor(private readonly now: () => number) {
    this.last = now();
  }

  /** Seconds since the last lap; becomes part of {@link typicalSeconds}. */
  lap(): number {
    const at = this.now();
    const seconds = at - this.last;
    this.last = at;
    this.typical = this.typical === undefined ? seconds : this.typical + SMOOTHING * (seconds - this.typical);
    return seconds;
  }

  /** Seconds since the last lap, which goes on. */
  get sinceLap(): number {
    return this.now() - this.last;
  }

  /** Forgets the time since the last lap: it was no step. */
  restart(): void {
    this.last = this.now();
  }

  /** Exponentially smoothed seconds a step; 0 before the first. */
  get typicalSeconds(): number {
    return this.typical ?? 0;
  }
}
