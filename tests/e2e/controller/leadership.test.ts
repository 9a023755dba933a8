import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubeconfigText } from '@tuneyard/local';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cluster, ControllerProcess } from './cluster.js';
import { jobObject, queueObject, startCluster, startControllerProcess, until } from './cluster.js';
import { JOBS, QUEUES } from './kinds.js';
import type { RecordedWrite } from './recording-proxy.js';
import { RecordingProxy } from './recording-proxy.js';

// Long enough that a busy machine does not cost a leader its lease.
const LEASE_SECONDS = 6;
const TIMING = ['--lease-duration', String(LEASE_SECONDS), '--renew-deadline', '5', '--retry-period', '0.4'];

let cluster: Cluster;
let folder: string;
let log: RecordedWrite[];
let stopLoad: () => Promise<void> = () => Promise.resolve();
const controllers: ControllerProcess[] = [];
const proxies: RecordingProxy[] = [];

beforeEach(async () => {
  cluster = await startCluster();
  folder = await mkdtemp(join(tmpdir(), 'tuneyard-leadership-'));
  log = [];
  await cluster.client.create(QUEUES, queueObject('team', 0));
});

afterEach(async () => {
  await stopLoad();
  for (const { process: child } of controllers.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
  for (const proxy of proxies.splice(0)) await proxy.close();
  await cluster.close();
  await rm(folder, { recursive: true });
});

async function start(who: string): Promise<{ controller: ControllerProcess; proxy: RecordingProxy }> {
  const proxy = await RecordingProxy.start(who, cluster, log);
  proxies.push(proxy);
  const kubeconfig = join(folder, who);
  await writeFile(kubeconfig, kubeconfigText({ url: proxy.url }));
  const controller = await startControllerProcess(kubeconfig, ['--leader-elect', ...TIMING]);
  controllers.push(controller);
  return { controller, proxy };
}

/** Jobs arrive all the time, so a leader always has something to write. */
function load(): () => Promise<void> {
  const state = { stopped: false };
  const loop = async () => {
    for (let i = 0; !state.stopped; i++) {
      await cluster.client.create(JOBS, jobObject(`job-${i}`));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const running = loop();
  return async () => {
    state.stopped = true;
    await running;
  };
}

const writes = (who: string) => log.filter((entry) => entry.who === who);

/** The first leads and writes, the second stands by. */
async function pair() {
  const first = await start('first');
  stopLoad = load();
  await until('the first writes', async () => writes('first').length > 5);
  const second = await start('second');
  expect(writes('second'), 'the first still leads').toEqual([]);
  return { first, second };
}

/** Nobody writes after another one began to: the log is first…first second…second. */
function expectOneLeaderAtATime(): void {
  const order = log.map(({ who }) => who).filter((who, i, all) => who !== all[i - 1]);
  expect(order).toEqual(['first', 'second']);
}

/** How it ended, or will end. */
async function exitCode({ process: child }: ControllerProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}

async function takeover(since: number): Promise<number> {
  await until('the second writes', async () => writes('second').length > 5, 20_000);
  return ((writes('second')[0]?.at ?? 0) - since) / 1000;
}

describe('two controllers', () => {
  it('hand over within 2 s when the leader is asked to end', async () => {
    const { first } = await pair();
    const asked = Date.now();
    expect(await first.controller.stop()).toBe(0);
    expect(await takeover(asked)).toBeLessThan(2);
    expectOneLeaderAtATime();
  });

  it('change within the lease duration + 2 s when the leader is killed', async () => {
    const { first } = await pair();
    const killed = Date.now();
    first.controller.process.kill('SIGKILL');
    expect(await takeover(killed)).toBeLessThan(LEASE_SECONDS + 2);
    expectOneLeaderAtATime();
  });

  it('never act both when the leader is stopped and wakes up again', async () => {
    const { first } = await pair();
    const stopped = Date.now();
    first.controller.process.kill('SIGSTOP');
    expect(await takeover(stopped)).toBeLessThan(LEASE_SECONDS + 2);
    first.controller.process.kill('SIGCONT');
    expect(await exitCode(first.controller)).toBe(1);
    const seen = writes('second').length;
    await until('the second goes on', async () => writes('second').length > seen + 5);
    expectOneLeaderAtATime();
  });

  it('never act both when the leader is cut off from the API server', async () => {
    const { first } = await pair();
    const cut = Date.now();
    first.proxy.cut();
    expect(await exitCode(first.controller)).toBe(1);
    expect(writes('second')).toHaveLength(0);
    expect(await takeover(cut)).toBeLessThan(LEASE_SECONDS + 2);
    expectOneLeaderAtATime();
  });
});
