import { missing, startRedis, type TestServer } from '@tuneyard/controller/test-servers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../controller/cluster.js';
import { ApiProxy, type Exchange, type Treatment } from './api-proxy.js';
import { judge, nameOf } from './crash.js';
import { Stage } from './stage.js';

const why = missing('redis-server');

const leaseTiming = { leaseDurationMs: 2000, renewDeadlineMs: 1200, retryPeriodMs: 200 };
const ELECTED = { leaderElect: true, leaseTiming };

const isLease = ({ path }: Exchange) => path.includes('/leases');

let redis: TestServer;
beforeAll(async () => {
  if (why === undefined) redis = await startRedis();
});
afterAll(() => redis?.close());

/** Decisions that are on their way when the leader loses its lease. */
const IN_FLIGHT = [
  'low becomes Starting on 2, attempt 0',
  'the pod low-worker-1 is made',
  'the pod low-worker-1 is deleted',
  'low becomes Checkpointing on 1',
  'top becomes Complete on 2',
];

describe.skipIf(why !== undefined)(`a leader whose lease has lapsed ${why ?? ''}`, () => {
  it.each(IN_FLIGHT)(
    'has no effect any more with what was in flight: %s',
    async (decision) => {
      const stage = await Stage.open(`redis://127.0.0.1:${redis.port}`);
      const [first, second] = await Promise.all([
        ApiProxy.start(stage.cluster),
        ApiProxy.start(stage.cluster),
      ]);
      /** What the server took of the first after the second began to lead. */
      const late: string[] = [];
      let hasSucceeded = false;
      let release = () => {};
      const succeeded = new Promise<void>((resolve) => (release = resolve));
      let isCut = false;
      let held = 0;
      first.treat = (exchange): Treatment => {
        isCut ||= !hasSucceeded && (nameOf(exchange) ?? '').startsWith(decision);
        if (!isCut || (exchange.method === 'GET' && !isLease(exchange))) return { kind: 'pass' };
        // The network keeps what is on its way, and delivers it when another one leads; renewals get nowhere.
        if (isLease(exchange)) return { kind: 'silence' };
        held++;
        return { kind: 'delay', until: succeeded };
      };
      first.onWritten = (exchange) => {
        const name = nameOf(exchange);
        if (hasSucceeded && name !== undefined) late.push(name);
      };
      second.onWritten = (exchange) => {
        if (!isLease(exchange) && nameOf(exchange) !== undefined) hasSucceeded = true;
      };
      // As the program does: it ends when it has lost the lease.
      let ending: Promise<void> | undefined;
      const leader = await stage.startController(first, {
        ...ELECTED,
        onLeadershipLost: () => {
          ending = leader.close();
        },
      });
      const controllers: { close(): Promise<void> }[] = [];
      try {
        const story = stage.tell();
        await until('the decision is in flight', async () => isCut, 60_000);
        controllers.push(await stage.startController(second, ELECTED));
        await until('the other one leads', async () => hasSucceeded, 20_000);
        expect(ending).toBeDefined();
        release();
        const endings = await story;
        expect(judge({ endings, violations: stage.watcher.violations })).toEqual([]);
        expect(held).toBeGreaterThan(0);
        expect(late).toEqual([]);
      } finally {
        release();
        await (ending ?? leader.close());
        for (const controller of controllers) await controller.close();
        await Promise.all([first.close(), second.close()]);
        await stage.close();
      }
    },
    120_000,
  );
});
