import { BroadcastChannel } from 'node:worker_threads';

import type { Phase } from './faults.js';

const PHASES: readonly Phase[] = ['forward', 'backward'];
const CHANNEL = 'fuse';
/** Not armed; armed for a phase is its number from 1 on. */
const IDLE = 0;
const REACHED = 100;

/** Holds the compute thread where it comes to a phase, until the main thread has done there what it wants to do. */
export class Fuse {
  readonly #cell: Int32Array;

  constructor(readonly memory = new SharedArrayBuffer(4)) {
    this.#cell = new Int32Array(memory);
  }

  /** Calls `onReached` when the compute thread comes to that phase. */
  arm(phase: Phase, onReached: () => void): void {
    const channel = new BroadcastChannel(CHANNEL);
    // Node's channels start to receive by this alone.
    // eslint-disable-next-line unicorn/prefer-add-event-listener
    channel.onmessage = () => {
      channel.close();
      onReached();
      Atomics.store(this.#cell, 0, IDLE);
      Atomics.notify(this.#cell, 0);
    };
    channel.unref();
    Atomics.store(this.#cell, 0, 1 + PHASES.indexOf(phase));
  }

  /** Called by the compute thread. */
  reached(phase: Phase): void {
    if (Atomics.load(this.#cell, 0) !== 1 + PHASES.indexOf(phase)) return;
    Atomics.store(this.#cell, 0, REACHED);
    const channel = new BroadcastChannel(CHANNEL);
    channel.postMessage(phase);
    Atomics.wait(this.#cell, 0, REACHED);
    channel.close();
  }
}
