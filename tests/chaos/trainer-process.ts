// A trainer with the real loop, model and group; its machine may be one that miscalculates.
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import type { JobRef } from '@tuneyard/proto';
import { createGroup, type Scalars } from '@tuneyard/trainer/collective';
import { train, Workbench } from '@tuneyard/trainer/loop';
import { openStorage } from '@tuneyard/trainer/storage';
import type { Observer } from '@tuneyard/trainer/observe';

/** What the process is told, as JSON in its first argument. */
export interface TrainerOrder {
  readonly coordinator: string;
  readonly memberId: string;
  readonly job: JobRef;
  readonly token: string;
  /** From this step on one bit of every gradient is wrong. */
  readonly flawedFrom?: number;
  /** From step `step` on nobody computes before so many are members. */
  readonly await?: { readonly members: number; readonly step: number };
}

const order: TrainerOrder = JSON.parse(process.argv[2] ?? '');
const say = (fields: object): void => void process.stderr.write(`${JSON.stringify(fields)}\n`);

class ShakyWorkbench extends Workbench {
  override async gradient(step: number, index: number, out: Float32Array): Promise<Scalars> {
    const { await: wait } = order;
    const members = wait !== undefined && step >= wait.step ? wait.members : 0;
    while (group.size < members) await delay(10);
    const scalars = await super.gradient(step, index, out);
    if (order.flawedFrom !== undefined && step >= order.flawedFrom) {
      const bits = new Uint32Array(out.buffer, out.byteOffset, out.length);
      bits[7] = (bits[7] ?? 0) ^ 1;
    }
    return scalars;
  }
}

const observer: Observer = {
  loaded: () => undefined,
  resumed: () => undefined,
  step: ({ step }) => say({ step }),
  evaluation: () => undefined,
  tested: () => undefined,
  checkpoint: () => undefined,
  warn: (message) => say({ message }),
};
const group = createGroup({
  coordinatorAddress: order.coordinator,
  job: order.job,
  token: order.token,
  memberId: order.memberId,
  listenHost: '127.0.0.1',
  log: {
    info: (fields, message) => say({ message, ...fields }),
    warn: (fields, message) => say({ message, ...fields }),
  },
});
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
