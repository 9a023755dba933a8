/** When a connection without a sign of life is given up. */
export interface SilenceSettings {
  /** A connection that has brought nothing for so long is pinged, in milliseconds; default 50, at least 10. */
  readonly pingAfterMs: number;
  /** An answer is never waited for less than this, in milliseconds; default 600: a round trip of 400 ms is no fault. */
  readonly leastPatienceMs: number;
  /** Nor longer than this, in milliseconds; default 5000, the time after which the coordinator gives a silent worker up. */
  readonly mostPatienceMs: number;
}

export const DEFAULT_SILENCE_SETTINGS: SilenceSettings = {
  pingAfterMs: 50,
  leastPatienceMs: 600,
  mostPatienceMs: 5000,
};

/** The patience is so many times the slowest of the last answers. */
const PATIENCE_FACTOR = 3;
const REMEMBERED_ANSWERS = 64;
/** A tick that comes late says that this process was not awake, not that the peer was silent. */
const MOST_PER_TICK = 1.5;

/** How long to wait for a peer's answer, learned from its answers. Outlives the connections to that peer. */
export class Patience {
  #leastMs: number;
  #slowest: number[] = [];
  #gaveUp = false;

  constructor(private readonly settings: SilenceSettings) {
    this.#leastMs = settings.leastPatienceMs;
  }

  get ms(): number {
    const learned = PATIENCE_FACTOR * Math.max(0, ...this.#slowest);
    return Math.min(this.settings.mostPatienceMs, Math.max(this.#leastMs, learned));
  }

  /** The peer answered after so long. Given up before, it was not dead: next time it gets twice as long. */
  answered(milliseconds: number): void {
    if (this.#gaveUp) this.#leastMs = Math.min(this.settings.mostPatienceMs, 2 * this.#leastMs);
    this.#gaveUp = false;
    this.#slowest.push(milliseconds);
    if (this.#slowest.length > REMEMBERED_ANSWERS) this.#slowest.shift();
  }

  gaveUp(): void {
    this.#gaveUp = true;
  }
}

/**
 * Watches one connection, without clock or socket of its own. Whatever arrives is a sign of life; without one the peer
 * is pinged, and given up when that brings nothing either. Counts only time in which this process was awake: after a
 * pause of its own (stopped, out of processor time) what came meanwhile is still to be read.
 */
export class SilenceWatch {
  #received = 0;
  #tickedAt: number | undefined;
  #askedAt: number | undefined;
  /** Since the last sign of life; while a ping is out, since that ping. */
  #silentMs = 0;

  constructor(
    private readonly settings: SilenceSettings,
    private readonly patience: Patience,
  ) {}

  /**
   * To be called about every `pingAfterMs`.
   * @param now milliseconds of any monotonic clock
   * @param received bytes that have come in all
   * @returns what to do: nothing, ping the peer, or give it up
   */
  tick(now: number, received: number): 'wait' | 'ping' | 'give-up' {
    const { pingAfterMs } = this.settings;
    const passed = Math.min(now - (this.#tickedAt ?? now), MOST_PER_TICK * pingAfterMs);
    this.#tickedAt = now;
    if (received !== this.#received) {
      this.#received = received;
      this.#silentMs = 0;
      return 'wait';
    }
    this.#silentMs += passed;
    if (this.#askedAt !== undefined) {
      if (this.#silentMs < this.patience.ms) return 'wait';
      this.patience.gaveUp();
      return 'give-up';
    }
    if (this.#silentMs < pingAfterMs / MOST_PER_TICK) return 'wait';
    this.#askedAt = now;
    this.#silentMs = 0;
    return 'ping';
  }

  /** The ping was answered. */
  answered(now: number): void {
    if (this.#askedAt !== undefined) this.patience.answered(now - this.#askedAt);
    this.#askedAt = undefined;
  }
}
