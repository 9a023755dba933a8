import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { connect } from 'nats';
import { parseAllDocuments } from 'yaml';
import { afterEach, describe, expect, it } from 'vitest';
import { goldenFile } from './cases.js';
import type { KubeObject } from './render-chart.js';

/** The stores as the chart configures them, on the real servers. */

const installed = (command: string) =>
  (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, command)));

type StatefulSet = KubeObject & {
  spec: { template: { spec: { containers: { command?: string[]; args: string[] }[] } } };
};
const objects = parseAllDocuments(readFileSync(goldenFile('ha'), 'utf8')).map(
  (document) => document.toJS() as KubeObject,
);
const find = (kind: string, name: string) =>
  objects.find((object) => object.kind === kind && object.metadata.name === name);
const containerOf = (name: string) =>
  (find('StatefulSet', name) as StatefulSet).spec.template.spec.containers[0]!;
/** As the chart makes passwords: a letter, then what a number could be taken for. */
const PASSWORD = 't12e5abcdefghijklmnopqrstuvwxyz0';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function started(child: ChildProcess): void {
  cleanups.push(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  });
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tuneyard-store-'));
  cleanups.push(() => rm(folder, { recursive: true }));
  return folder;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Until it does not throw. */
async function eventually<T>(attempt: () => Promise<T>, seconds = 10): Promise<T> {
  const end = Date.now() + 1000 * seconds;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

describe('the stores of the chart', () => {
  it.skipIf(!installed('redis-server'))('Redis asks for the password and writes to disk', async () => {
    const data = await temporaryFolder();
    const port = await freePort();
    const { command = [], args } = containerOf('tuneyard-redis');
    const script = args[0]!.replace('--dir /data', `--dir ${data} --port ${port} --bind 127.0.0.1`);
    started(
      spawn(command[0]!, [...command.slice(1), script], {
        env: { PATH: process.env['PATH'], REDISCLI_AUTH: PASSWORD },
        stdio: 'ignore',
      }),
    );
    const url = (password: string) => `redis://:${password}@127.0.0.1:${port}/0`;
    const set = async (password: string) => {
      const redis = new Redis(url(password), { retryStrategy: () => null, lazyConnect: true });
      redis.on('error', () => {});
      try {
        await redis.connect();
        return await redis.set('a', '1');
      } finally {
        redis.disconnect();
      }
    };
    expect(await eventually(() => set(PASSWORD))).toBe('OK');
    await expect(set('wrong')).rejects.toThrow(/WRONGPASS|NOAUTH|closed/);
    expect(existsSync(join(data, 'appendonlydir')) || existsSync(join(data, 'appendonly.aof'))).toBe(true);
  });

  it.skipIf(!installed('nats-server'))(
    'NATS asks for user and password, and has JetStream on disk',
    async () => {
      const data = await temporaryFolder();
      const port = await freePort();
      const config = (find('ConfigMap', 'tuneyard-nats') as unknown as { data: Record<string, string> }).data[
        'nats.conf'
      ]!;
      const file = join(data, 'nats.conf');
      await writeFile(
        file,
        config
          .replace('port: 4222', `host: 127.0.0.1\nport: ${port}`)
          .replace('http_port: 8222', '')
          .replace('store_dir: /data', `store_dir: ${data}`),
      );
      started(
        spawn('nats-server', ['--config', file], {
          env: { PATH: process.env['PATH'], NATS_USER: 'tuneyard', NATS_PASSWORD: PASSWORD },
          stdio: 'ignore',
        }),
      );
      const servers = `nats://127.0.0.1:${port}`;
      const nats = await eventually(() =>
        connect({ servers, user: 'tuneyard', pass: PASSWORD, reconnect: false }),
      );
      cleanups.push(() => nats.close());
      const manager = await nats.jetstreamManager();
      const { limits } = await manager.getAccountInfo();
      expect(limits.max_storage).not.toBe(0);
      await expect(connect({ servers, user: 'tuneyard', pass: 'wrong', reconnect: false })).rejects.toThrow(
        /Authorization/i,
      );
    },
  );
});
