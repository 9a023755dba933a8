import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startServer, type TestServer } from './test-servers.js';

const run = promisify(execFile);

export interface TestTopology {
  /** For `--redis-url`. */
  readonly url: string;
  /** The server that holds the data now; of a cluster, one of them. */
  readonly primary: TestServer;
  close(): Promise<void>;
}

const DURABLE = ['--bind', '127.0.0.1', '--appendonly', 'yes', '--appendfsync', 'always', '--save', ''];

async function cli(port: number, ...words: string[]): Promise<string> {
  const { stdout } = await run('redis-cli', ['-p', String(port), ...words]);
  return stdout;
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await holds().catch(() => false))) {
    if (Date.now() > deadline) throw new Error(`timed out: ${what}`);
    await delay(50);
  }
}

/** A primary, a replica, and a sentinel that makes the replica the primary half a second after the primary is gone. */
export async function startRedisSentinel(): Promise<TestTopology> {
  const redis = (...more: string[]) =>
    startServer('redis-server', (port, folder) => [
      '--port',
      `${port}`,
      '--dir',
      folder,
      ...DURABLE,
      ...more,
    ]);
  const primary = await redis();
  const replica = await redis('--replicaof', `127.0.0.1 ${primary.port}`);
  const sentinel = await startServer(
    'redis-server',
    (_port, folder) => [`${folder}/sentinel.conf`, '--sentinel'],
    {
      'sentinel.conf': (port) =>
        [
          `port ${port}`,
          'bind 127.0.0.1',
          `sentinel monitor main 127.0.0.1 ${primary.port} 1`,
          'sentinel down-after-milliseconds main 500',
          'sentinel failover-timeout main 2000',
        ].join('\n'),
    },
  );
  await until('the sentinel knows the replica', async () =>
    (await cli(sentinel.port, 'sentinel', 'replicas', 'main')).includes(String(replica.port)),
  );
  await until('the replica is in step', async () =>
    (await cli(replica.port, 'info', 'replication')).includes('master_link_status:up'),
  );
  return {
    url: `redis+sentinel://127.0.0.1:${sentinel.port}/main`,
    primary,
    close: async () => {
      for (const server of [sentinel, replica, primary]) await server.close();
    },
  };
}

/** Three primaries that share the slots, each with so many replicas, one of which takes over two seconds after its primary is gone. */
export async function startRedisCluster(replicas = 0): Promise<TestTopology> {
  const nodes = await Promise.all(
    Array.from({ length: 3 * (1 + replicas) }, () =>
      startServer('redis-server', (port, folder) => [
        '--port',
        `${port}`,
        '--dir',
        folder,
        '--cluster-enabled',
        'yes',
        '--cluster-node-timeout',
        '2000',
        // The default, port + 10000, may not exist.
        '--cluster-port',
        `${port < 55_000 ? port + 5000 : port - 5000}`,
        ...DURABLE,
      ]),
    ),
  );
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
  const [first] = nodes;
  if (first === undefined) throw new Error('a cluster has nodes');
  const each = ['--cluster-replicas', String(replicas)];
  await cli(first.port, '--cluster', 'create', ...addresses, ...each, '--cluster-yes');
  for (const { port } of nodes) {
    await until('the cluster is whole', async () =>
      (await cli(port, 'cluster', 'info')).includes('cluster_state:ok'),
    );
    await until('replicas are in step', async () => {
      const about = await cli(port, 'info', 'replication');
      return about.includes('role:master')
        ? about.includes(`connected_slaves:${replicas}`)
        : about.includes('master_link_status:up');
    });
  }
  return {
    url: `redis+cluster://${addresses.join(',')}`,
    primary: first,
    close: async () => {
      for (const node of nodes) await node.close();
    },
  };
}
