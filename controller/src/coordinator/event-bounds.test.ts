import { describe, expect, it } from 'vitest';
import { Budget } from './budget.js';
import { BufferedEventBus } from './buffered-event-bus.js';
import type { EventBus, JobEvent, JobEventType } from './event-bus.js';
import { MemoryEventBus } from './memory-event-bus.js';
import { weightOf } from './worker-report.js';

const event = (job: string, id: number, type: JobEventType = 'lost'): JobEvent => ({
  id: `${job}/${id}`,
  namespace: 'default',
  job,
  type,
  time: '2026-05-01T12:00:00Z',
  data: {},
});

describe('what one job tells', () => {
  it('does not push out what others told, in memory', async () => {
    const bus = new MemoryEventBus();
    await bus.publish(event('quiet', 0));
    for (let id = 0; id < 30_000; id++) await bus.publish(event('loud', id));
    const heard = new Map<string, number>();
    let newest = -1;
    const subscription = await bus.subscribe({ from: 'beginning' }, ({ job, id }) => {
      heard.set(job, (heard.get(job) ?? 0) + 1);
      newest = Number(id.split('/')[1]);
      return Promise.resolve();
    });
    await bus.publish(event('end', 7));
    while (!heard.has('end')) await Promise.resolve();
    await subscription.close();
    expect(heard).toEqual(
      new Map([
        ['quiet', 1],
        ['loud', 1000],
        ['end', 1],
      ]),
    );
    expect(newest).toBe(7);
    await bus.close();
  });

  it('is kept within bounds while the bus cannot take it, whatever it is', async () => {
    const away: EventBus = {
      publish: () => new Promise(() => undefined),
      subscribe: () => Promise.reject(new Error('away')),
      close: () => Promise.resolve(),
    };
    const bus = new BufferedEventBus(away, { onTrouble: () => undefined });
    let dropped = 0;
    for (let id = 0; id < 5000; id++) bus.publish(event('loud', id)).catch(() => dropped++);
    const quiet = bus.publish(event('quiet', 1, 'progress'));
    quiet.catch(() => dropped++);
    await Promise.resolve();
    await Promise.resolve();
    expect(dropped).toBe(4000);
  });
});

describe('Budget', () => {
  it('gives what time brings, up to the burst, and refuses the rest', () => {
    const budget = new Budget(10, 20, 0);
    expect(budget.tryTake(20, 0)).toBe(true);
    expect(budget.tryTake(1, 50)).toBe(false);
    expect(budget.tryTake(1, 100)).toBe(true);
    expect(budget.tryTake(21, 1e9)).toBe(false);
    // A clock that is set back gives nothing and takes nothing.
    expect(budget.tryTake(20, 0)).toBe(true);
  });
});

describe('weightOf', () => {
  it('is the length of what is said, as it came', () => {
    const failure = { generation: 1, memberId: 'a', reason: 'r'.repeat(200_000) };
    expect(weightOf({ body: { $case: 'peerFailure', value: failure } })).toBe(783);
    expect(weightOf({ body: { $case: 'heartbeat', value: { committedStep: 1 } } })).toBe(1);
  });
});
