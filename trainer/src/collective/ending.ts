import { InterruptedError } from '../errors.js';

const WATCH_MS = 200;
/** A process that was told to end waits no longer than this for the next generation. */
const WITHOUT_GENERATION_MS = 2000;

/** Where the process stands, asked now and then once it was told to end. */
export interface EndingWatch {
  /** Why it is of no use to wait for the end of the work in hand; undefined = it is of use. */
  readonly uselessness: () => string | undefined;
  readonly hasGeneration: () => boolean;
  /** Called at every look after {@link Ending.reason} is set, to wake up whoever waits. */
  readonly onDue: () => void;
}

/** Ends the waits of a process that was told to end: what is committed is saved, and peers go on without it. */
export class Ending {
  /** Resolves once the process was told to end. */
  readonly asked: Promise<void>;
  /** Why nothing is waited for any more. */
  reason: InterruptedError | undefined;
  #resolve: () => void = () => {};
  #watch: NodeJS.Timeout | undefined;

  constructor(private readonly watch: EndingWatch) {
    this.asked = new Promise((resolve) => (this.#resolve = resolve));
  }

  ask(): void {
    if (this.#watch !== undefined) return;
    const askedAt = performance.now();
    this.#resolve();
    this.#watch = setInterval(() => {
      const isForlorn = !this.watch.hasGeneration() && performance.now() - askedAt >= WITHOUT_GENERATION_MS;
      const why = this.watch.uselessness() ?? (isForlorn ? 'no peers came' : undefined);
      if (why !== undefined) this.reason ??= new InterruptedError(`told to end: ${why}`);
      if (this.reason !== undefined) this.watch.onDue();
    }, WATCH_MS);
  }

  close(): void {
    clearInterval(this.#watch);
  }
}
