import { writeFileSync } from 'node:fs';
import {
  MemoryEventBus,
  MemoryStateStore,
  NatsEventBus,
  RedisStateStore,
  type EventBus,
  type JobEvent,
  type StateStore,
} from '@tuneyard/controller/coordinator';
import { missing, startNats, startRedis } from '@tuneyard/controller/test-servers';
import { quantile } from '../support/quantile.js';
import { readOptions } from '../support/read-options.js';

const USAGE = `node tests/dist/bench/stores.js [options]

Latency, one call after the other, and throughput, with many under way, of what a coordinator keeps its state and
publishes its events in: the memory of the process, and a real Redis (AOF, fsync for every write) and NATS JetStream
started here on loopback. Servers that are not installed are left out.

  --seconds N    each measurement; default 2
  --under-way N  calls at once for the throughput; default 64
  --json FILE    figures as JSON
`;

const values = readOptions(USAGE, {
  seconds: { type: 'string', default: '2' },
  'under-way': { type: 'string', default: '64' },
  json: { type: 'string' },
});
const milliseconds = Number(values.seconds) * 1000;
const underWay = Number(values['under-way']);

interface Figures {
  readonly what: string;
  readonly of: string;
  readonly p50Microseconds: number;
  readonly p99Microseconds: number;
  readonly callsPerSecond: number;
}

/** @param call with a number that no other call has */
async function measure(of: string, what: string, call: (n: number) => Promise<unknown>): Promise<Figures> {
  let n = 0;
  const times: number[] = [];
  for (let end = performance.now() + milliseconds; performance.now() < end;) {
    const started = performance.now();
    await call(n++);
    times.push((performance.now() - started) * 1000);
    // Calls that answer from memory must not keep everything else from running.
    if (n % 1000 === 0) await new Promise(setImmediate);
  }
  const begun = performance.now();
  let calls = 0;
  const end = begun + milliseconds;
  const one = async (): Promise<void> => {
    while (performance.now() < end) {
      await call(n++);
      if (++calls % 1000 === 0) await new Promise(setImmediate);
    }
  };
  await Promise.all(Array.from({ length: underWay }, one));
  return {
    of,
    what,
    p50Microseconds: Math.round(quantile(times, 0.5) ?? NaN),
    p99Microseconds: Math.round(quantile(times, 0.99) ?? NaN),
    callsPerSecond: Math.round((calls / (performance.now() - begun)) * 1000),
  };
}

const members = Array.from({ length: 8 }, (_, index) => ({
  memberId: `job-worker-${index}`,
  incarnation: 'i',
  address: '10.0.0.1:4000',
  bulkAddress: '',
}));
const progress = {
  step: 1,
  totalSteps: 1000,
  epoch: 0.5,
  trainLoss: 1.25,
  evalLoss: undefined,
  gradientNorm: 1,
  learningRate: 1e-4,
  tokensPerSecond: 1e5,
  stepSeconds: 0.5,
  tokens: 1e9,
  estimatedSecondsLeft: 500,
};

async function measureStore(of: string, store: StateStore): Promise<Figures[]> {
  const jobs = 256;
  const uid = (n: number) => `bench-${n % jobs}`;
  const figures = [
    await measure(of, 'advance', (n) =>
      store.advance(uid(n), { generation: n + 1, members, cause: 'start' }),
    ),
    await measure(of, 'record', (n) => store.record(uid(n), Number.MAX_SAFE_INTEGER, { progress })),
    await measure(of, 'load', (n) => store.load(uid(n))),
  ];
  await store.close();
  return figures;
}

const eventOf = (n: number): JobEvent => ({
  id: `bench/progress/${n}`,
  namespace: 'bench',
  job: `job-${n % 256}`,
  type: 'progress',
  time: new Date().toISOString(),
  data: progress,
});

async function measureBus(of: string, bus: EventBus): Promise<Figures[]> {
  const published = await measure(of, 'publish', (n) => bus.publish(eventOf(n)));
  const arrived = new Map<string, () => void>();
  const subscription = await bus.subscribe({ namespace: 'heard' }, (event) => {
    arrived.get(event.id)?.();
    arrived.delete(event.id);
    return Promise.resolve();
  });
  const heard = await measure(of, 'publish until heard', async (n) => {
    const event = { ...eventOf(n), id: `heard/${n}`, namespace: 'heard' };
    const hearing = new Promise<void>((resolve) => arrived.set(event.id, resolve));
    await bus.publish(event);
    await hearing;
  });
  await subscription.close();
  await bus.close();
  return [published, heard];
}

const figures = await measureStore('memory', new MemoryStateStore());
const withoutRedis = missing('redis-server');
if (withoutRedis === undefined) {
  const server = await startRedis();
  figures.push(
    ...(await measureStore('redis', new RedisStateStore({ url: `redis://127.0.0.1:${server.port}` }))),
  );
  await server.close();
} else console.warn(withoutRedis);
figures.push(...(await measureBus('memory', new MemoryEventBus())));
const withoutNats = missing('nats-server');
if (withoutNats === undefined) {
  const server = await startNats();
  figures.push(
    ...(await measureBus('nats', await NatsEventBus.connect({ servers: `nats://127.0.0.1:${server.port}` }))),
  );
  await server.close();
} else console.warn(withoutNats);

console.table(
  figures.map(({ of, what, p50Microseconds, p99Microseconds, callsPerSecond }) => ({
    of,
    call: what,
    'p50 us': p50Microseconds,
    'p99 us': p99Microseconds,
    [`calls/s, ${underWay} at once`]: callsPerSecond,
  })),
);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`);
