// A trainer with the real loop, model and group; its machine may miscalculate, or fail at a named place.
import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import * as tf from '@tensorflow/tfjs-core';
import type { JobRef } from '@tuneyard/proto';
import { createHttp2DataPlane, PeerGroup, type Scalars } from '@tuneyard/trainer/collective';
import { train, Workbench } from '@tuneyard/trainer/loop';
import { openStorage } from '@tuneyard/trainer/storage';
import type { Observer } from '@tuneyard/trainer/observe';

import type { FaultPlan } from './faults.js';
import { Saboteur } from './saboteur.js';

/** What the process is told, as JSON in its first argument. */
export interface TrainerOrder {
  readonly coordinator: string;
  readonly memberId: string;
  readonly job: JobRef;
  readonly token: string;
  /** From this step on one bit of every gradient is wrong. */
  readonly flawedFrom?: number;
  /** From step `step` on nobody computes before so many have been members at once. */
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

class ShakyWorkbench extends Workbench {
  #step = 0;

  constructor() {
    super();
    const engine = tf.engine();
    const tidy = engine.tidy.bind(engine);
    // The engine of tfjs calls the two halves of a gradient so.
    engine.tidy = (nameOrCompute, compute) => {
      if (nameOrCompute === 'forward' || nameOrCompute === 'backward')
        saboteur.reached(nameOrCompute, this.#step);
      return tidy(nameOrCompute, compute);
    };
  }

  override async gradient(step: number, index: number, out: Float32Array): Promise<Scalars> {
    const { await: wait } = order;
    const members = wait !== undefined && step >= wait.step ? wait.members : 0;
    const isComplete = (): boolean => mostMembers >= members;
    while (!isComplete()) await delay(10);
    this.#step = step;
    saboteur.reached('data', step);
    const scalars = await super.gradient(step, index, out);
    if (order.flawedFrom !== undefined && step >= order.flawedFrom) {
      const bits = new Uint32Array(out.buffer, out.byteOffset, out.length);
      bits[7] = (bits[7] ?? 0) ^ 1;
    }
    return scalars;
  }

  override async update(...of: Parameters<Workbench['update']>): Promise<number> {
    saboteur.reached('update', this.#step);
    return super.update(...of);
  }

  override async exportState(): Promise<Uint8Array> {
    const state = await super.exportState();
    // The next thing that is done with it, other than giving it to a peer, is to write it.
    saboteur.soon('checkpoint', this.#step);
    return state;
  }
}

const observer: Observer = {
  loaded: () => undefined,
  resumed: () => undefined,
  step: ({ step }) => say({ step, at: Date.now(), generation: group.generation } satisfies Committed),
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
const compute = new ShakyWorkbench();
await train({
  group,
  compute,
  observer,
  now: () => performance.now() / 1000,
  storage: openStorage(process.env),
  interrupted: () => false,
});
const state = createHash('sha256').update(await compute.exportState());
say({ state: state.digest('hex') });
await compute.dispose();
await group.close();
await saboteur.close();
