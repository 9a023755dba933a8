import { rm } from 'node:fs/promises';
import { connect, type JetStreamManager } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { BufferedEventBus } from './buffered-event-bus.js';
import type { EventBus, JobEvent } from './event-bus.js';
import { MemoryEventBus } from './memory-event-bus.js';
import { NatsEventBus } from './nats-event-bus.js';
import { missing, startNats, type TestServer } from './test-servers.js';

const noNats = missing('nats-server');
if (noNats !== undefined) console.warn(`NatsEventBus is not tested: ${noNats}`);

let nats: TestServer | undefined;
beforeAll(async () => {
  if (noNats === undefined) nats = await startNats();
});
afterAll(async () => {
  await nats?.close();
});

function event(id: string, job = 'tune'): JobEvent {
  return { id, namespace: 'team.a', job, type: 'progress', time: '2026-01-01T00:00:00.000Z', data: { id } };
}

/** Collects ids; resolves `until` when there are so many. */
class Collector {
  readonly ids: string[] = [];
  #waiting: (() => void)[] = [];

  readonly handler = (received: JobEvent): Promise<void> => {
    this.ids.push(received.id);
    this.#waiting.splice(0).forEach((resume) => resume());
    return Promise.resolve();
  };

  async until(count: number): Promise<string[]> {
    while (this.ids.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.ids;
  }
}

let run = 0;
const buses: { name: string; create: () => Promise<EventBus> }[] = [
  { name: 'MemoryEventBus', create: () => Promise.resolve(new MemoryEventBus()) },
  {
    name: 'NatsEventBus',
    create: () => {
      run += 1;
      const servers = `nats://127.0.0.1:${nats?.port ?? 0}`;
      return NatsEventBus.connect({ servers, stream: `T${run}`, subjectPrefix: `t${run}` });
    },
  },
];

describe.each(buses)('$name', ({ name, create }) => {
  const test = it.skipIf(name === 'NatsEventBus' && noNats !== undefined);
  const withBus = async (use: (bus: EventBus) => Promise<void>): Promise<void> => {
    const bus = await create();
    try {
      await use(bus);
    } finally {
      await bus.close();
    }
  };

  test('replays from the beginning, goes on with what comes, in order', () =>
    withBus(async (bus) => {
      await bus.publish(event('1'));
      await bus.publish(event('2'));
      const seen = new Collector();
      await bus.subscribe({ from: 'beginning' }, seen.handler);
      await seen.until(2);
      await bus.publish(event('3'));
      expect(await seen.until(3)).toEqual(['1', '2', '3']);
    }));

  test('delivers a repeated id once', () =>
    withBus(async (bus) => {
      for (const id of ['1', '1', '2', '1']) await bus.publish(event(id));
      const seen = new Collector();
      await bus.subscribe({ from: 'beginning' }, seen.handler);
      await bus.publish(event('end'));
      await seen.until(3);
      expect(seen.ids).toEqual(['1', '2', 'end']);
    }));

  test('filters by namespace and job, also names with dots', () =>
    withBus(async (bus) => {
      const seen = new Collector();
      await bus.publish(event('1', 'tune.b'));
      await bus.publish(event('2', 'tune'));
      await bus.publish({ ...event('3', 'tune.b'), namespace: 'team' });
      await bus.publish(event('4', 'tune.b'));
      await bus.subscribe({ from: 'beginning', namespace: 'team.a', job: 'tune.b' }, seen.handler);
      expect(await seen.until(2)).toEqual(['1', '4']);
    }));

  test('delivers again what a handler did not manage', () =>
    withBus(async (bus) => {
      const seen = new Collector();
      let failures = 2;
      await bus.subscribe({ from: 'beginning' }, async (received) => {
        if (received.id === '1' && failures-- > 0) throw new Error('not now');
        await seen.handler(received);
      });
      await bus.publish(event('1'));
      await bus.publish(event('2'));
      expect(await seen.until(2)).toEqual(['1', '2']);
    }));

  test('goes on where a durable consumer stopped', () =>
    withBus(async (bus) => {
      const first = new Collector();
      const subscription = await bus.subscribe({ from: 'beginning', durable: 'console 1' }, first.handler);
      await bus.publish(event('1'));
      await first.until(1);
      await subscription.close();
      await bus.publish(event('2'));
      const second = new Collector();
      await bus.subscribe({ from: 'beginning', durable: 'console 1' }, second.handler);
      expect(await second.until(1)).toEqual(['2']);
    }));
});

describe('NatsEventBus', () => {
  it.skipIf(noNats !== undefined)(
    'keeps events over kill -9 of the server, without loss or doubles',
    async () => {
      const server = await startNats();
      const bus = await NatsEventBus.connect({ servers: `nats://127.0.0.1:${server.port}`, ackWaitMs: 1000 });
      try {
        const seen = new Collector();
        await bus.subscribe({ from: 'beginning', durable: 'all' }, seen.handler);
        await bus.publish(event('1'));
        await seen.until(1);
        await server.kill();
        const late = bus.publish(event('2')).catch(() => undefined);
        await server.restart();
        await late;
        // Nobody knows whether the first attempt arrived; the id makes it safe to try again.
        for (let done = false; !done;)
          done = await bus.publish(event('2')).then(
            () => true,
            () => false,
          );
        await bus.publish(event('3'));
        expect(await seen.until(3)).toEqual(['1', '2', '3']);
      } finally {
        await bus.close();
        await server.close();
      }
    },
  );

  /** A bus on the common server, and the same server's own view of its streams. */
  const withManager = async (
    use: (bus: NatsEventBus, manager: JetStreamManager, stream: string) => Promise<void>,
    onTrouble: (error: unknown) => void = () => {},
    more: { readonly mostOfNamespace?: number } = {},
  ): Promise<void> => {
    run += 1;
    const servers = `nats://127.0.0.1:${nats?.port ?? 0}`;
    const bus = await NatsEventBus.connect({
      servers,
      stream: `T${run}`,
      subjectPrefix: `t${run}`,
      onTrouble,
      ...more,
    });
    const connection = await connect({ servers });
    try {
      await use(bus, await connection.jetstreamManager(), `T${run}`);
    } finally {
      await connection.close();
      await bus.close();
    }
  };

  it.skipIf(noNats !== undefined)(
    'keeps the newest events of each namespace, whatever others tell',
    async () => {
      await withManager(
        async (bus, manager, stream) => {
          const of = (namespace: string, id: string, job: string) =>
            bus.publish({ ...event(id, job), namespace });
          await of('few', 'first', 'a');
          for (let index = 0; index < 100; index++) await of('many', `m${index}`, `job-${index % 10}`);
          const counts = async () => {
            const { state } = await manager.streams.info(stream, { subjects_filter: '>' });
            const subjects = Object.entries(state.subjects ?? {});
            return ['few', 'many'].map((name) =>
              subjects.reduce(
                (sum, [subject, count]) => sum + (subject.includes(`.${name}.`) ? count : 0),
                0,
              ),
            );
          };
          await expect.poll(counts).toEqual([1, 20]);
          const kept = new Collector();
          await bus.subscribe({ from: 'beginning', namespace: 'many' }, kept.handler);
          expect((await kept.until(20)).at(-1)).toBe('m99');
        },
        undefined,
        { mostOfNamespace: 20 },
      );
    },
  );

  it.skipIf(noNats !== undefined)('makes a stream that was deleted again, and says so', async () => {
    const troubles: string[] = [];
    await withManager(
      async (bus, manager, stream) => {
        const all = new Collector();
        const durable = new Collector();
        const late = new Collector();
        await bus.subscribe({ from: 'beginning' }, all.handler);
        await bus.subscribe({ from: 'beginning', durable: 'console' }, durable.handler);
        await bus.subscribe({}, late.handler);
        await bus.publish(event('1'));
        await Promise.all([all.until(1), durable.until(1), late.until(1)]);
        await manager.streams.delete(stream);
        await Promise.all([bus.publish(event('2', 'a')), bus.publish(event('3', 'b'))]);
        for (const seen of [all, durable, late])
          expect((await seen.until(3)).toSorted()).toEqual(['1', '2', '3']);
        const { config } = await manager.streams.info(stream);
        expect(config.max_bytes).toBe(256 << 20);
      },
      (error) => troubles.push((error as Error).message),
    );
    expect(troubles.filter((text) => text.includes('was gone; it is made again'))).toHaveLength(1);
  });

  it.skipIf(noNats !== undefined)('keeps so many events of one type of a job that others keep theirs', () =>
    withManager(async (bus, manager, stream) => {
      await bus.publish(event('quiet', 'quiet'));
      const loud = Array.from({ length: 1010 }, (_, at) => event(`loud${at}`, 'loud'));
      for (let at = 0; at < loud.length; at += 101)
        await Promise.all(loud.slice(at, at + 101).map((each) => bus.publish(each)));
      const { state } = await manager.streams.info(stream, { subjects_filter: '>' });
      expect(Object.values(state.subjects ?? {}).toSorted((a, b) => a - b)).toEqual([1, 1000]);
    }),
  );

  it.skipIf(noNats !== undefined)('makes a consumer that was deleted again, behind what was handled', () =>
    withManager(async (bus, manager, stream) => {
      const seen = new Collector();
      await bus.subscribe({}, seen.handler);
      await bus.subscribe({ durable: 'console', from: 'beginning' }, () => Promise.resolve());
      await bus.publish(event('1'));
      await seen.until(1);
      // A consumer that still writes down an acknowledgement cannot be deleted.
      const consumers = () => manager.consumers.list(stream).next();
      while ((await consumers()).some(({ ack_floor }) => ack_floor.stream_seq < 1));
      for (const { name } of await consumers()) await manager.consumers.delete(stream, name);
      await bus.publish(event('2'));
      expect(await seen.until(2)).toEqual(['1', '2']);
      await bus.publish(event('3'));
      expect(await seen.until(3)).toEqual(['1', '2', '3']);
    }),
  );

  it.skipIf(noNats !== undefined)(
    'sends what was buffered to a server that came back without its disk',
    async () => {
      const server = await startNats();
      const bus = new BufferedEventBus(
        await NatsEventBus.connect({ servers: `nats://127.0.0.1:${server.port}` }),
        { onTrouble: () => {} },
      );
      try {
        const seen = new Collector();
        await bus.subscribe({ from: 'beginning', durable: 'all' }, seen.handler);
        await bus.publish(event('1'));
        await seen.until(1);
        await server.kill();
        const buffered = [bus.publish(event('2')), bus.publish(event('3'))];
        await rm(server.folder, { recursive: true });
        await server.restart();
        await Promise.all(buffered);
        expect(await seen.until(3)).toEqual(['1', '2', '3']);
      } finally {
        await bus.close();
        await server.close();
      }
    },
  );
});
