// A trainer with the real loop, model and group; its machine may miscalculate, or fail at a named place.
import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import type { JobRef } from '@tuneyard/proto';
import { createHttp2DataPlane, PeerGroup, type Scalars } from '@tuneyard/trainer/collective';
import { ThreadedCompute, train } from '@tuneyard/trainer/loop';
import type { Observer } from '@tuneyard/trainer/observe';
import { openStorage } from '@tuneyard/trainer/storage';

import type { FaultPlan } from './faults.js';
import { Fuse } from './fuse.js';
import { Saboteur } from './saboteur.js';
import type { ShakyThreadOptions } from './shaky-thread.js';

/** What the process is told, as JSON in its first argument. */
export interface TrainerOrder {
  readonly coordinator: string;
  readonly memberId: string;
  readonly job: JobRef;
  readonly token: string;
  /** From this step on one bit of every gradient is wrong. */
  readonly flawedFrom?: number;
  /** Nothing of step `step` is computed before so many have been members at once since the step before it. */
  readonly await?: { readonly members: number; readonly step: number };
  readonly fault?: FaultPlan;
}

/** A committed step, as one line of JSON on its standard error. */
export interface Committed {
  readonly step: number;
  readonly at: number;
  readonly generation: number;
}

const order: TrainerOrder = JSON.parse(process.argv[2] ?? '');
const say = (fields: object): void => void process.stderr.write(`${JSON.stringify(fields)}\n`);

/** Hurts the process around and, by the fuse, in the middle of what the compute thread does. */
class ShakyCompute extends ThreadedCompute {
  #step = 0;

  constructor(private readonly fuse = new Fuse()) {
    const thread = import.meta.url.endsWith('.mjs') ? './shaky-thread.mjs' : './shaky-thread.js';
    const { flawedFrom } = order;
    const options: ShakyThreadOptions = { measureMemory: false, flawedFrom, fuse: fuse.memory };
    super(options, new URL(thread, import.meta.url));
  }

  override async gradient(step: number, index: number, out: Float32Array): Promise<Scalars> {
    const { await: wait } = order;
    const members = wait !== undefined && step === wait.step ? wait.members : 0;
    const isComplete = (): boolean => mostMembers >= members;
    while (!isComplete()) await delay(10);
    this.#step = step;
    saboteur.reached('data', step);
    for (const phase of ['forward', 'backward'] as const) {
      if (saboteur.isDue(phase, step)) this.fuse.arm(phase, () => saboteur.strike(phase));
    }
    return super.gradient(step, index, out);
  }

  override async update(...of: Parameters<ThreadedCompute['update']>): Promise<number> {
    const updated = super.update(...of);
    saboteur.reached('update', this.#step);
    return updated;
  }

  override async exportState(): Promise<Uint8Array> {
    const state = await super.exportState();
    // The next thing that is done with it, other than giving it to a peer, is to write it.
    saboteur.soon('checkpoint', this.#step);
    return state;
  }
}

const observer: Observer = {
  loading: () => undefined,
  loaded: () => undefined,
  resumed: () => undefined,
  step: ({ step }) => {
    saboteur.committedIn = group.generation;
    mostMembers = group.size;
    say({ step, at: Date.now(), generation: group.generation } satisfies Committed);
  },
  evaluation: () => undefined,
  tested: () => undefined,
  checkpoint: () => undefined,
  warn: (message) => say({ message }),
};
let mostMembers = 0;
const saboteur = new Saboteur(order.fault, () => group);
const group: PeerGroup = new PeerGroup(
  {
    coordinatorAddress: await saboteur.coordinatorAddress(order.coordinator),
    job: order.job,
    token: order.token,
    memberId: order.memberId,
    listenHost: '127.0.0.1',
    incarnation: randomUUID(),
    advertise: (address) => saboteur.advertise(address),
    log: {
      info: (fields, message) => {
        say({ at: Date.now(), message, ...fields });
        if (!('rank' in fields)) return;
        // A generation begins.
        mostMembers = Math.max(mostMembers, group.size);
        saboteur.reached('join');
      },
      warn: (fields, message) => say({ at: Date.now(), message, ...fields }),
    },
  },
  async (handlers) => {
    const listen = { listenHost: '127.0.0.1', advertiseHost: '127.0.0.1' };
    return saboteur.watchTaking(await createHttp2DataPlane(listen, saboteur.watchServing(handlers)));
  },
);
const compute = new ShakyCompute();
await train({
  group,
  compute,
  observer,
  now: () => performance.now() / 1000,
  storage: openStorage(process.env),
  interrupted: new AbortController().signal,
});
const state = createHash('sha256').update(await compute.exportState());
say({ state: state.digest('hex') });
await compute.dispose();
await group.close();
await saboteur.close();
