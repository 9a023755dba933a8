import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { Finished_Outcome, type Finished, type Progress, type ResumedFrom } from '@tuneyard/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { MemoryStateStore } from './memory-state-store.js';
import { parseRedisAddress } from './redis-connection.js';
import { RedisStateStore } from './redis-state-store.js';
import type { StateStore, StoredMembership } from './state-store.js';
import { startRedisCluster, startRedisSentinel, type TestTopology } from './test-redis-topologies.js';
import { missing, startRedis, type TestServer } from './test-servers.js';

const noRedis = missing('redis-server');
if (noRedis !== undefined) console.warn(`RedisStateStore is not tested: ${noRedis}`);

function membership(generation: number, ...ids: string[]): StoredMembership {
  const members = ids.map((memberId) => ({ memberId, incarnation: 'i', address: 'a:1', bulkAddress: '' }));
  return { generation, members, cause: 'start' };
}

const progress: Progress = {
  step: 3,
  totalSteps: 9,
  epoch: 0.5,
  trainLoss: 1.25,
  evalLoss: undefined,
  gradientNorm: 1,
  learningRate: 1e-4,
  tokensPerSecond: 10,
  stepSeconds: 1,
  tokens: 2 ** 40,
  estimatedSecondsLeft: 6,
};
const finished: Finished = {
  step: 9,
  outcome: Finished_Outcome.OUTCOME_COMPLETE,
  reason: '',
  message: 'Grüße',
  artifacts: [{ format: 'peft', uri: 'file:///o', digest: 'sha256:0', bytes: 12 }],
  metrics: [],
  timeShares: undefined,
};
const resumedFrom: ResumedFrom = {
  step: 2,
  uri: 'file:///o-checkpoints/f/step-00000002',
  job: { namespace: 'legal', name: 'contracts', uid: 'u-1' },
};

/** A port of loopback that leads to another one, which new connections ask for. */
async function forwardTo(target: () => number): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = createServer((client) => {
    const upstream = connect(target(), '127.0.0.1');
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream])
      socket.on('error', () => [client, upstream].forEach((s) => s.destroy()));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, close: async () => void server.close() };
}

let redis: TestServer | undefined;
let sentinel: TestTopology | undefined;
let cluster: TestTopology | undefined;
beforeAll(async () => {
  if (noRedis !== undefined) return;
  [redis, sentinel, cluster] = await Promise.all([startRedis(), startRedisSentinel(), startRedisCluster()]);
}, 60_000);
afterAll(async () => {
  await Promise.all([redis?.close(), sentinel?.close(), cluster?.close()]);
});

const stores: { name: string; create: (prefix: string) => StateStore }[] = [
  { name: 'MemoryStateStore', create: () => new MemoryStateStore() },
  {
    name: 'RedisStateStore',
    create: (prefix) =>
      new RedisStateStore({ url: `redis://127.0.0.1:${redis?.port ?? 0}`, keyPrefix: prefix }),
  },
  {
    name: 'RedisStateStore behind sentinels',
    create: (prefix) => new RedisStateStore({ url: sentinel?.url ?? '', keyPrefix: prefix }),
  },
  {
    name: 'RedisStateStore on a cluster',
    create: (prefix) => new RedisStateStore({ url: cluster?.url ?? '', keyPrefix: prefix }),
  },
];

describe.each(stores)('$name', ({ name, create }) => {
  const test = it.skipIf(name !== 'MemoryStateStore' && noRedis !== undefined);
  let prefix = 0;
  const withStore = async (use: (store: StateStore) => Promise<void>): Promise<void> => {
    const store = create(`test${prefix++}:`);
    try {
      await use(store);
    } finally {
      await store.close();
    }
  };

  test('returns what was stored, and nothing of another job', () =>
    withStore(async (store) => {
      expect(await store.load('u')).toBeUndefined();
      expect(await store.advance('u', membership(1, 'a', 'b'))).toBe(true);
      expect(await store.record('u', 1, { progress })).toBe(true);
      expect(await store.record('u', 1, { finished, resumedFrom })).toBe(true);
      expect(await store.load('u')).toMatchObject({
        membership: membership(1, 'a', 'b'),
        progress,
        finished,
        resumedFrom,
      });
      expect((await store.load('u'))?.checkpoint).toBeUndefined();
      expect(await store.load('v')).toBeUndefined();
      await store.remove('u');
      expect(await store.load('u')).toBeUndefined();
    }));

  test('never lets a generation go back', () =>
    withStore(async (store) => {
      expect(await store.advance('u', membership(5, 'a'))).toBe(true);
      expect(await store.advance('u', membership(5, 'b'))).toBe(false);
      expect(await store.advance('u', membership(4, 'b'))).toBe(false);
      expect(await store.record('u', 4, { progress })).toBe(false);
      expect(await store.record('u', 5, { progress })).toBe(true);
      expect((await store.load('u'))?.membership).toEqual(membership(5, 'a'));
    }));

  test('gives each generation to one of many coordinators that race for it', () =>
    withStore(async (store) => {
      for (let generation = 1; generation <= 20; generation++) {
        const won = await Promise.all(
          ['a', 'b', 'c'].map((id) => store.advance('u', membership(generation, id))),
        );
        expect(won.filter(Boolean)).toHaveLength(1);
      }
    }));

  test('keeps many jobs apart, wherever they lie', () =>
    withStore(async (store) => {
      const uids = Array.from({ length: 20 }, (_, index) => `job-${index}`);
      await Promise.all(uids.map((uid, index) => store.advance(uid, membership(index + 1, uid))));
      const loaded = await Promise.all(uids.map((uid) => store.load(uid)));
      expect(loaded.map((job) => job?.membership?.generation)).toEqual(uids.map((_, index) => index + 1));
    }));

  test('keeps figures that came before the first generation', () =>
    withStore(async (store) => {
      expect(await store.record('u', 0, { finished })).toBe(true);
      expect(await store.load('u')).toMatchObject({ finished });
    }));
});

describe('RedisStateStore', () => {
  it.skipIf(noRedis !== undefined)(
    'remembers over kill -9 of Redis, and fails meanwhile instead of waiting',
    async () => {
      const server = await startRedis();
      const store = new RedisStateStore({ url: `redis://127.0.0.1:${server.port}`, commandTimeoutMs: 300 });
      try {
        expect(await store.advance('u', membership(7, 'a'))).toBe(true);
        await server.kill();
        await expect(store.advance('u', membership(8, 'a'))).rejects.toThrow();
        await server.restart();
        const until = Date.now() + 8000;
        let again: boolean | undefined;
        while (again === undefined && Date.now() < until)
          again = await store.advance('u', membership(7, 'b')).catch(() => undefined);
        expect(again).toBe(false);
        expect((await store.load('u'))?.membership).toEqual(membership(7, 'a'));
      } finally {
        await store.close();
        await server.close();
      }
    },
  );

  it.skipIf(noRedis !== undefined)(
    'goes on with the new primary behind the same address, though the old one answers that it is read-only',
    async () => {
      const [former, next] = await Promise.all([startRedis(), startRedis()]);
      const address = await forwardTo(() => target.port);
      let target = former;
      const store = new RedisStateStore({ url: `redis://127.0.0.1:${address.port}` });
      const admin = new Redis({ port: former.port, lazyConnect: true });
      try {
        expect(await store.advance('u', membership(7, 'a'))).toBe(true);
        await admin.connect();
        await admin.call('REPLICAOF', '127.0.0.1', String(next.port));
        target = next;
        // It was never told of generation 7: what is asked is whether it is asked at all.
        expect(await store.advance('u', membership(8, 'b'))).toBe(true);
        expect((await store.load('u'))?.membership?.generation).toBe(8);
      } finally {
        admin.disconnect();
        await store.close();
        await Promise.all([address.close(), former.close(), next.close()]);
      }
    },
  );

  it.skipIf(noRedis !== undefined)('says that the address is that of a cluster', async () => {
    const [port] = /\d+(?=[^:]*$)/.exec(cluster?.url ?? '') ?? [];
    const store = new RedisStateStore({ url: `redis://127.0.0.1:${port}`, commandTimeoutMs: 500 });
    try {
      const answers = await Promise.allSettled(
        Array.from({ length: 8 }, (_, job) => store.advance(`job-${job}`, membership(1, 'a'))),
      );
      const reasons = answers.flatMap((answer) =>
        answer.status === 'rejected' ? [String(answer.reason)] : [],
      );
      expect(reasons.join()).toContain('its address must begin with redis+cluster://');
    } finally {
      await store.close();
    }
  });

  it.skipIf(noRedis !== undefined)(
    'goes on with the new primary when the sentinels replace the killed one, with the same generation',
    async () => {
      const topology = await startRedisSentinel();
      const store = new RedisStateStore({ url: topology.url, commandTimeoutMs: 300 });
      try {
        expect(await store.advance('u', membership(7, 'a'))).toBe(true);
        await topology.primary.kill();
        const until = Date.now() + 20_000;
        let again: boolean | undefined;
        while (again === undefined && Date.now() < until)
          again = await store.advance('u', membership(7, 'b')).catch(() => undefined);
        expect(again).toBe(false);
        expect(await store.advance('u', membership(8, 'b'))).toBe(true);
      } finally {
        await store.close();
        await topology.close();
      }
    },
    40_000,
  );

  it.skipIf(noRedis !== undefined)(
    'goes on when a primary of a cluster is killed in the middle of writes, and no generation that is stored goes back',
    async () => {
      const topology = await startRedisCluster(1);
      const store = new RedisStateStore({ url: topology.url, commandTimeoutMs: 300 });
      const controller = new AbortController();
      /** The last generation of each job that was acknowledged. */
      const acknowledged = Array.from({ length: 12 }, () => 0);
      // Each writer goes on as a coordinator does: what failed is tried again, what is stored already counts as done.
      const writers = acknowledged.map(async (_, job) => {
        for (let generation = 1; !controller.signal.aborted;) {
          const done = await store
            .advance(`job-${job}`, membership(generation, 'a'))
            .catch(() => delay(20, undefined));
          if (done === undefined) continue;
          acknowledged[job] = generation++;
        }
      });
      const allReach = async (more: number) => {
        const from = [...acknowledged];
        const deadline = Date.now() + 25_000;
        while (!acknowledged.every((generation, job) => generation >= (from[job] ?? 0) + more)) {
          if (Date.now() > deadline) throw new Error(`after ${from.join()}: ${acknowledged.join()}`);
          await delay(20);
        }
      };
      try {
        await allReach(5);
        await topology.primary.kill();
        await allReach(20);
        controller.abort();
        await Promise.all(writers);
        for (const [job, generation] of acknowledged.entries()) {
          expect((await store.load(`job-${job}`))?.membership?.generation).toBe(generation);
          expect(await store.advance(`job-${job}`, membership(generation, 'b'))).toBe(false);
          expect(await store.record(`job-${job}`, generation - 1, { progress })).toBe(false);
        }
        // The killed node comes back as a replica: what it remembers overwrites nothing.
        await topology.primary.restart();
        for (const [job, generation] of acknowledged.entries())
          expect(await store.advance(`job-${job}`, membership(generation, 'b'))).toBe(false);
      } finally {
        controller.abort();
        await store.close();
        await topology.close();
      }
    },
    90_000,
  );

  it.each([
    ['redis://h', { kind: 'server', hosts: [{ host: 'h', port: 6379 }], tls: false, database: 0 }],
    ['rediss://u:p%40s@h:1/3', { kind: 'server', tls: true, username: 'u', password: 'p@s', database: 3 }],
    ['redis://:p@[::1]:1', { hosts: [{ host: '::1', port: 1 }], password: 'p' }],
    [
      'redis+sentinel://:p@a,b:2/main/1?sentinelPassword=s',
      {
        kind: 'sentinel',
        hosts: [
          { host: 'a', port: 26379 },
          { host: 'b', port: 2 },
        ],
        primary: 'main',
        database: 1,
        password: 'p',
        sentinelPassword: 's',
      },
    ],
    ['rediss+cluster://a:1,b:2', { kind: 'cluster', tls: true, hosts: [{ port: 1 }, { port: 2 }] }],
  ])('reads %s', (text, address) => expect(parseRedisAddress(text)).toMatchObject(address));

  it.each([
    'http://secret@h',
    'redis://secret@h:1,h:2',
    'redis+sentinel://:secret@h',
    'redis+cluster://:secret@h/1',
    'redis://secret@h/x',
  ])('refuses an address without repeating it: %s', (text) => {
    const refusal = () => parseRedisAddress(text);
    expect(refusal).toThrow(/^the Redis address/);
    expect(refusal).not.toThrow(/secret/);
  });
});
