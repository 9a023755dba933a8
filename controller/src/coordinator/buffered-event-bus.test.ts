import { describe, expect, it } from 'vitest';
import { BufferedEventBus } from './buffered-event-bus.js';
import type { EventBus, JobEvent, JobEventType } from './event-bus.js';

const event = (job: string, id: string, type: JobEventType = 'progress'): JobEvent => ({
  id,
  namespace: 'n',
  job,
  type,
  time: '2026-01-01T00:00:00Z',
  data: {},
});

/** A bus that is away until it is let in. */
class Door implements EventBus {
  readonly stored: string[] = [];
  isOpen = true;
  attempts = 0;
  publish({ id }: JobEvent): Promise<void> {
    this.attempts += 1;
    if (!this.isOpen) return Promise.reject(new Error('away'));
    this.stored.push(id);
    return Promise.resolve();
  }
  subscribe = () => Promise.resolve({ close: () => Promise.resolve() });
  close = () => Promise.resolve();
}

describe('events while the bus is away', () => {
  it('are kept and sent in the order of each job', async () => {
    const door = new Door();
    door.isOpen = false;
    const troubles: unknown[] = [];
    const bus = new BufferedEventBus(door, { onTrouble: (error) => troubles.push(error) });
    const sent = Promise.all(
      ['1', '2', '3'].flatMap((id) => [bus.publish(event('a', `a${id}`)), bus.publish(event('b', `b${id}`))]),
    );
    // Each job tries its first event alone.
    expect(door.attempts).toBe(2);
    door.isOpen = true;
    await sent;
    expect(door.stored.filter((id) => id.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
    expect(door.stored.filter((id) => id.startsWith('b'))).toEqual(['b1', 'b2', 'b3']);
    expect(troubles).toHaveLength(2);
    await bus.close();
  });

  it('that are too many lose the oldest progress, never what happens once', async () => {
    const door = new Door();
    door.isOpen = false;
    const bus = new BufferedEventBus(door, { maxEvents: 4, onTrouble: () => undefined });
    const kinds: JobEventType[] = [
      'membership',
      'progress',
      'checkpoint',
      'progress',
      'progress',
      'finished',
    ];
    const outcomes = kinds.map((type, index) =>
      bus.publish(event('a', `${index}`, type)).then(
        () => 'sent',
        (error: Error) => error.message,
      ),
    );
    door.isOpen = true;
    const told = await Promise.all(outcomes);
    expect(door.stored).toEqual(['0', '2', '4', '5']);
    expect(told.filter((outcome) => outcome !== 'sent')).toEqual([
      expect.stringContaining('event 1 was dropped'),
      expect.stringContaining('event 3 was dropped'),
    ]);
    await bus.close();
  });

  it('that are too many give way in the namespace that has most, not in the one with the longest job', async () => {
    const door = new Door();
    door.isOpen = false;
    const bus = new BufferedEventBus(door, { maxEvents: 12, onTrouble: () => undefined });
    const publish = (namespace: string, job: string, count: number) =>
      Array.from({ length: count }, (_, index) => {
        const id = `${namespace}-${job}-${index}`;
        return bus.publish({ ...event(job, id), namespace }).catch(() => undefined);
      });
    const all = [
      ...publish('few', 'a', 4),
      ...['1', '2', '3', '4', '5'].flatMap((job) => publish('many', job, 2)),
    ];
    door.isOpen = true;
    await Promise.all(all);
    expect(door.stored.filter((id) => id.startsWith('few'))).toHaveLength(4);
    expect(door.stored).toHaveLength(12);
    await bus.close();
  });

  it('are given up, and said so, when the controller ends before it comes back', async () => {
    const door = new Door();
    door.isOpen = false;
    const bus = new BufferedEventBus(door, { onTrouble: () => undefined });
    const given = expect(bus.publish(event('a', '1'))).rejects.toThrow('was not sent');
    await bus.close();
    await given;
    await expect(bus.publish(event('a', '2'))).rejects.toThrow('closed');
  });
});
