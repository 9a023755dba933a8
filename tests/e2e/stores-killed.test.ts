import { NatsEventBus, RedisStateStore, type JobEvent } from '@tuneyard/controller/coordinator';
import { missing, startNats, startRedis, type TestServer } from '@tuneyard/controller/test-servers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from './controller/cluster.js';
import { startTrainingCluster, type TrainingCluster } from './training-cluster.js';

const why = missing('redis-server') ?? missing('nats-server');
const STEPS = 100;

describe.skipIf(why !== undefined)(`Redis and NATS killed with -9 while a job trains ${why ?? ''}`, () => {
  let redis: TestServer;
  let nats: TestServer;
  let cluster: TrainingCluster;
  let bus: NatsEventBus;
  let store: RedisStateStore;
  beforeAll(async () => {
    [redis, nats] = await Promise.all([startRedis(), startNats()]);
    const servers = `nats://127.0.0.1:${nats.port}`;
    const url = `redis://127.0.0.1:${redis.port}`;
    cluster = await startTrainingCluster(['--redis-url', url, '--nats-url', servers]);
    bus = await NatsEventBus.connect({ servers });
    store = new RedisStateStore({ url, commandTimeoutMs: 500 });
  });
  afterAll(async () => {
    await bus.close();
    await store.close();
    await cluster.close();
    await Promise.all([redis.close(), nats.close()]);
  });

  it('and started again: training goes on, no generation goes back, no event is lost or doubled', async () => {
    const heard: JobEvent[] = [];
    const generations: number[] = [];
    await bus.subscribe({ from: 'beginning', durable: 'console', job: 'steady' }, async (event) => {
      heard.push(event);
      await Promise.resolve();
    });
    await cluster.submit('steady', {
      training: { steps: STEPS, batchSize: 4, microBatchSize: 1, checkpoint: { everySteps: 20 } },
      workers: { min: 2, max: 2 },
    });
    const stepOf = async () => {
      const { status } = await cluster.job('steady');
      generations.push(status?.workers?.generation ?? 0);
      return status?.progress?.step ?? 0;
    };
    const reached = (step: number) => until(`step ${step}`, async () => (await stepOf()) >= step, 60_000);
    await reached(10);
    const { metadata } = await cluster.job('steady');
    const before = await store.load(metadata.uid ?? '');

    await Promise.all([redis.kill(), nats.kill()]);
    const atKill = await stepOf();
    // It does not wait for its stores.
    await reached(atKill + 20);
    await Promise.all([redis.restart(), nats.restart()]);

    const done = await cluster.jobWhen('steady', 'is complete', ({ status }) => status?.phase === 'Complete');
    expect(done.status).toMatchObject({ progress: { step: STEPS } });
    expect(done.status?.restarts ?? 0).toBe(0);
    const finished = () => heard.some(({ type }) => type === 'finished');
    await until('the consumer hears of the end', () => Promise.resolve(finished()), 30_000);

    // The stored generation was 1 or more before, and never went back as the status saw it.
    expect(before?.membership?.generation).toBeGreaterThan(0);
    expect(generations).toEqual([...generations].sort((a, b) => a - b));
    const memberships = heard.filter(({ type }) => type === 'membership');
    const announced = memberships.map(({ data }) => (data as { generation: number }).generation);
    // One that was overtaken before it was stored is never announced.
    expect(announced).toEqual([...new Set(announced)].sort((a, b) => a - b));
    expect(announced.length).toBeGreaterThan(0);

    expect(new Set(heard.map(({ id }) => id)).size).toBe(heard.length);
    const steps = heard
      .filter(({ type }) => type === 'progress')
      .map(({ data }) => (data as { step: number }).step);
    const saved = heard
      .filter(({ type }) => type === 'checkpoint')
      .map(({ data }) => (data as { step: number }).step);
    expect(saved.slice(0, 4)).toEqual([20, 40, 60, 80]);
    // Every step that was reported while the bus was away is there.
    expect(steps).toEqual(Array.from({ length: STEPS }, (_, index) => index + 1));
  }, 180_000);
});
