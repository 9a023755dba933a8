/**
 * What one worker may say: messages, each with one more for every 256 characters of it. A trainer sends a
 * heartbeat a second and a report a step.
 */
const SAID_PER_SECOND = 1000;
const SAID_AT_ONCE = 20_000;
/** Events of what workers report, and of changes of their membership, that one job may cause. */
const EVENTS_PER_SECOND = 20;
const EVENTS_AT_ONCE = 2000;

/** So much at once, and so much a second on average: what is beyond it is refused, not put off. */
export class Budget {
  #left: number;
  #at: number;

  /** @param now milliseconds */
  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    now: number,
  ) {
    this.#left = burst;
    this.#at = now;
  }

  tryTake(amount: number, now: number): boolean {
    const passed = Math.max(0, now - this.#at) / 1000;
    this.#left = Math.min(this.burst, this.#left + passed * this.perSecond);
    this.#at = now;
    if (this.#left < amount) return false;
    this.#left -= amount;
    return true;
  }
}

/** What the workers of one job may say and cause. */
export class JobBudgets {
  /** Of each member, over its reconnections. */
  readonly #said = new Map<string, Budget>();
  readonly #events: Budget;

  /** @param now milliseconds */
  constructor(private readonly now: () => number) {
    this.#events = new Budget(EVENTS_PER_SECOND, EVENTS_AT_ONCE, now());
  }

  /** Whether a message of this weight is listened to. */
  maySay(memberId: string, weight: number): boolean {
    const now = this.now();
    let budget = this.#said.get(memberId);
    if (budget === undefined) {
      budget = new Budget(SAID_PER_SECOND, SAID_AT_ONCE, now);
      this.#said.set(memberId, budget);
    }
    return budget.tryTake(weight, now);
  }

  /** Whether one more event of the job is told. */
  mayTell(): boolean {
    return this.#events.tryTake(1, this.now());
  }
}
