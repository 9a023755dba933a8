import { createContext, Script } from 'node:vm';

export interface Allowance {
  /** Milliseconds that may always be spent. Default 10,000. */
  readonly base?: number;
  /** Milliseconds that every character of a text adds. Default 0.05: about fifty times what a tokenizer takes. */
  readonly perCharacter?: number;
}

/** Work on a text took more time than its length allows. */
export class OverTimeError extends Error {}

const SCRIPT = new Script('work()');

/**
 * Bounds the time of work whose steps a foreign file decides, such as regular expressions: it ends even within one of them.
 * The time is counted over all texts together, so that many slow texts are no way around it. A watched call costs about a
 * tenth of a millisecond.
 */
export class TimeAllowance {
  private left: number;
  private readonly perCharacter: number;
  private readonly context = createContext({});

  constructor({ base = 10_000, perCharacter = 0.05 }: Allowance = {}) {
    this.left = base;
    this.perCharacter = perCharacter;
  }

  /** @throws OverTimeError when the work was cut off */
  run<T>(characters: number, work: () => T): T {
    this.left += characters * this.perCharacter;
    const began = performance.now();
    let result: { readonly value: T } | undefined;
    this.context['work'] = () => {
      result = { value: work() };
    };
    try {
      SCRIPT.runInContext(this.context, { timeout: Math.max(1, Math.ceil(this.left)) });
    } catch (error) {
      throw isTimeout(error) ? new OverTimeError() : error;
    } finally {
      this.left -= performance.now() - began;
    }
    if (result === undefined) throw new OverTimeError();
    return result.value;
  }
}

/** The error is one of the script's own realm, and no instance of this one's Error. */
function isTimeout(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    Reflect.get(error, 'code') === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  );
}
