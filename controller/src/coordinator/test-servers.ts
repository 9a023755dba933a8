import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A real server for tests, on a free port of loopback, with its data in a temporary folder. */
export interface TestServer {
  readonly port: number;
  /** Where it keeps its data. */
  readonly folder: string;
  /** kill -9. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Why tests against `program` are skipped; undefined = it is there. */
export function missing(program: 'redis-server' | 'nats-server'): string | undefined {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return `${program} is not installed (Debian package ${program})`;
  }
}

export function startRedis(): Promise<TestServer> {
  return startServer('redis-server', (port, folder) =>
    `--port ${port} --bind 127.0.0.1 --dir ${folder} --appendonly yes --appendfsync always --save`
      .split(' ')
      .concat(''),
  );
}

export function startNats(): Promise<TestServer> {
  return startServer('nats-server', (port, folder) => [
    '-a',
    '127.0.0.1',
    '-p',
    `${port}`,
    '-js',
    '-sd',
    folder,
  ]);
}

/** A port that was free may be taken by the time the server asks for it, or for another one that it derives from it. */
const PORTS_TRIED = 5;

/** Starts a server, with files that it finds in its folder. */
export async function startServer(
  program: string,
  argumentsOf: (port: number, folder: string) => string[],
  files: Readonly<Record<string, (port: number) => string>> = {},
): Promise<TestServer> {
  for (let attempt = 1; ; attempt++) {
    const folder = await mkdtemp(join(tmpdir(), 'tuneyard-'));
    const port = await freePort();
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content(port));
    const server = serverAt(port, folder, () =>
      spawn(program, argumentsOf(port, folder), { stdio: 'ignore' }),
    );
    try {
      await server.restart();
      return server;
    } catch (error) {
      await server.close();
      if (attempt === PORTS_TRIED) throw error;
    }
  }
}

function serverAt(port: number, folder: string, start: () => ChildProcess): TestServer {
  let child: ChildProcess | undefined;
  const kill = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return {
    port,
    folder,
    kill,
    restart: async () => {
      child = start();
      while (!(await accepts(port))) {
        if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}`);
        await delay(20);
      }
    },
    close: async () => {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
