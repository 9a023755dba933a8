import { TrainerConfig, type Directive, type Hello } from '@tuneyard/proto';
import { describe, expect, it } from 'vitest';
import { JobRuntime } from './job-runtime.js';
import { DEFAULT_MEMBERSHIP_SETTINGS } from './membership-events.js';
import { MemoryEventBus } from './memory-event-bus.js';
import { MemoryStateStore } from './memory-state-store.js';

const ref = { namespace: 'team', name: 'tune', uid: 'u1' };

describe('a job’s runtime', () => {
  it('judges the silence of its workers by a clock that nobody sets', async () => {
    const clock = { wall: 1_700_000_000_000, monotonic: 5_000 };
    const runtime = await JobRuntime.open(
      { ref, config: TrainerConfig.create({}), token: 't', expectedWorkers: 2 },
      {
        store: new MemoryStateStore(),
        bus: new MemoryEventBus(),
        clock: { now: () => clock.wall, monotonic: () => clock.monotonic },
        membership: { ...DEFAULT_MEMBERSHIP_SETTINGS, heartbeatTimeoutMs: 5000 },
        onChange: () => {},
        news: {},
        onTrouble: (_, error) => expect.unreachable(String(error)),
      },
    );
    const received: Directive[] = [];
    const channel = { send: (directive: Directive) => void received.push(directive), end: () => {} };
    for (const memberId of ['w0', 'w1']) {
      const hello: Hello = {
        job: ref,
        token: 't',
        memberId,
        incarnation: 'i',
        address: '127.0.0.1:1',
        bulkAddress: '',
        committedStep: 0,
        backend: 'test',
        generation: 0,
      };
      runtime.attach(hello, channel, { body: undefined });
      runtime.receive(
        memberId,
        { body: { $case: 'ready', value: { committedStep: 0, totalSteps: 9 } } },
        channel,
        1,
      );
    }
    const generation = () => {
      clock.monotonic += 100;
      runtime.tick();
      return runtime.trainingState().generation;
    };
    await expect.poll(generation).toBe(1);

    clock.wall += 3_600_000;
    clock.monotonic += 1000;
    runtime.tick();
    expect(runtime.trainingState()).toMatchObject({
      generation: 1,
      members: [{ memberId: 'w0' }, { memberId: 'w1' }],
    });

    clock.monotonic += 60_000;
    runtime.tick();
    expect(runtime.trainingState().members.filter(({ ready }) => ready)).toEqual([]);
    await runtime.close('the test is over');
  });
});
