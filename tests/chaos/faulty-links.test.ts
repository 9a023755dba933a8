import { createCoordinatorServer, MemoryEventBus, MemoryStateStore } from '@tuneyard/controller/coordinator';
import { TrainerConfig } from '@tuneyard/proto';
import { createGroup } from '@tuneyard/trainer/collective';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';

import { trainFake, type FakeOutcome, type FakeTraining } from './fake-training.js';
import { FaultProxy, type LinkFault } from './fault-proxy.js';

const ref = { namespace: 'team', name: 'tune', uid: 'u1' };
const training: FakeTraining = { totalSteps: 8, count: 8, length: 50_000, unitMs: 1, evaluateEvery: 0 };

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const resource of open.splice(0).reverse()) await resource.close();
});

/** Trains with so many members; whoever has committed step 3 first injects the fault in front of member 1. */
async function trainWith(
  size: number,
  fault?: LinkFault,
): Promise<{ outcomes: FakeOutcome[]; generations: Set<number>; struck: number }> {
  const server = await createCoordinatorServer({
    address: '127.0.0.1:0',
    store: new MemoryStateStore(),
    bus: new MemoryEventBus(),
    heartbeatTimeoutSeconds: 2,
  });
  open.push(server);
  await server.coordinator.register({
    ref,
    config: TrainerConfig.create(),
    token: 's',
    expectedWorkers: size,
  });
  const proxies: FaultProxy[] = [];
  const generations = new Set<number>();
  let pending = fault;
  const outcomes = await Promise.all(
    Array.from({ length: size }, (_, at) => {
      const group = createGroup({
        coordinatorAddress: server.address,
        job: ref,
        token: 's',
        memberId: `w${at}`,
        listenHost: '127.0.0.1',
        advertise: async (address) => {
          if (at !== 1) return address;
          const proxy = await FaultProxy.open(address);
          proxies.push(proxy);
          open.push(proxy);
          return proxy.address;
        },
      });
      open.push(group);
      return trainFake(group, training, {
        onCommit: (step) => {
          generations.add(group.generation);
          if (step < 3 || pending === undefined) return;
          for (const proxy of proxies) proxy.inject(pending);
          pending = undefined;
        },
      });
    }),
  );
  return { outcomes, generations, struck: proxies.reduce((sum, proxy) => sum + proxy.struck, 0) };
}

describe('a link that', () => {
  let alone: FakeOutcome | undefined;
  beforeAll(async () => {
    [alone] = (await trainWith(1)).outcomes;
  });

  it.each<[LinkFault, boolean]>([
    ['reset', true],
    ['half-open', true],
    ['corrupt', true],
    ['truncate', true],
    ['delay', false],
  ])('fails by %s changes no bit of the result', async (fault, regroups) => {
    const { outcomes, generations, struck } = await trainWith(3, fault);
    expect(struck).toBeGreaterThan(0);
    for (const outcome of outcomes) expect(outcome).toEqual(alone);
    expect(Math.max(...generations) > 1).toBe(regroups);
  });
});
