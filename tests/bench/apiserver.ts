// Speed of the local API server. Run after `npm run build`; --help tells how.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent as HttpAgent, request as httpRequest, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readOptions } from '../support/read-options.js';

const USAGE = `
node tests/dist/bench/apiserver.js [options]

Speed of the local API server: start, creates from 8 clients, lists, watch fan-out, memory.

  --no-tls       over plain HTTP
  --json FILE    also writes the figures there
`;
const values = readOptions(USAGE, {
  'no-tls': { type: 'boolean', default: false },
  json: { type: 'string' },
});

interface Access {
  url: URL;
  token: string;
  ca: string;
}

interface Kubeconfig {
  clusters: { cluster: { server: string; 'certificate-authority-data'?: string } }[];
  users: { user: { token?: string } }[];
}

const pods = 5000;
const nodes = 500;
const clients = 8;
const watchers = 50;
const watched = 1000;

function accessFrom(file: string): Access {
  const config: Kubeconfig = JSON.parse(readFileSync(file, 'utf8'));
  const cluster = config.clusters[0]!.cluster;
  const ca = Buffer.from(cluster['certificate-authority-data'] ?? '', 'base64').toString('utf8');
  return { url: new URL(cluster.server), token: config.users[0]?.user.token ?? '', ca };
}

class Client {
  private readonly agent: HttpAgent;
  constructor(private readonly access: Access) {
    const { ca, url } = access;
    this.agent =
      url.protocol === 'https:'
        ? new HttpsAgent({ ca, keepAlive: true, maxSockets: 1 })
        : new HttpAgent({ keepAlive: true, maxSockets: 1 });
  }

  send(method: string, target: string, body?: unknown): Promise<string> {
    return new Promise((resolve, reject) => {
      const call = this.open(method, target, (status, text) => {
        if (status < 300) resolve(text);
        else reject(new Error(`${method} ${target}: ${status} ${text.slice(0, 300)}`));
      });
      call.on('error', reject);
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  private open(method: string, target: string, done: (status: number, text: string) => void) {
    const { url, token } = this.access;
    const options: RequestOptions = {
      method,
      agent: this.agent,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        accept: 'application/json',
      },
    };
    const onAnswer = (answer: NodeJS.ReadableStream & { statusCode?: number | undefined }): void => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => done(answer.statusCode ?? 0, Buffer.concat(chunks).toString('utf8')));
    };
    const full = new URL(target, url);
    return url.protocol === 'https:'
      ? httpsRequest(full, options, onAnswer)
      : httpRequest(full, options, onAnswer);
  }

  /** Streams lines until `onLine` returns true. */
  watch(target: string, onLine: (line: string) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const { url, token, ca } = this.access;
      const options = { agent: false as const, headers: { authorization: `Bearer ${token}` }, ca };
      let rest = '';
      const onAnswer = (answer: NodeJS.ReadableStream): void => {
        answer.setEncoding('utf8');
        answer.on('error', () => undefined);
        answer.on('data', (chunk: string) => {
          const lines = (rest + chunk).split('\n');
          rest = lines.pop() ?? '';
          for (const line of lines) {
            if (!onLine(line)) continue;
            call.destroy();
            resolve();
            return;
          }
        });
      };
      const full = new URL(target, url);
      const call =
        url.protocol === 'https:'
          ? httpsRequest(full, options, onAnswer)
          : httpRequest(full, options, onAnswer);
      call.on('error', reject);
      call.end();
    });
  }
}

const pod = (name: string): unknown => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: 'bench', 'tuneyard.dev/job': `job-${name.length}` } },
  spec: {
    restartPolicy: 'Never',
    containers: [
      {
        name: 'worker',
        image: 'tuneyard/trainer:dev',
        command: ['tuneyard-trainer', 'worker'],
        env: [
          { name: 'TUNEYARD_JOB_NAME', value: 'bench' },
          { name: 'TUNEYARD_POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
        ],
        resources: { limits: { 'nvidia.com/gpu': '1' } },
      },
    ],
  },
});

const node = (name: string): unknown => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'nvidia.com/gpu.product': 'NVIDIA-H100-80GB-HBM3' } },
  status: { capacity: { cpu: '192', memory: '2048Gi', 'nvidia.com/gpu': '8' } },
});

/** Creates objects from all clients at once; returns objects per second. */
async function createAll(
  all: Client[],
  target: string,
  names: string[],
  make: (name: string) => unknown,
): Promise<number> {
  const queue = [...names];
  const begin = performance.now();
  await Promise.all(
    all.map(async (client) => {
      for (let name = queue.pop(); name !== undefined; name = queue.pop())
        await client.send('POST', target, make(name));
    }),
  );
  return names.length / ((performance.now() - begin) / 1000);
}

const numbered = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

function residentMegabytes(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? 0) / 1024;
}

/** Processor time of a process so far, in milliseconds. */
function processorMilliseconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function measure(folder: string, flags: string[]): Promise<Record<string, number>> {
  const kubeconfig = path.join(folder, 'kubeconfig');
  const program = fileURLToPath(new URL('../../../deploy/local/bin/tuneyard-apiserver.js', import.meta.url));
  const begin = performance.now();
  const server = spawn(process.execPath, [program, '--kubeconfig', kubeconfig, '--no-binder', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await new Promise<void>((resolve, reject) => {
      server.stdout.once('data', () => resolve());
      server.once('exit', (code) => reject(new Error(`the API server ended with ${code}`)));
    });
    const readyMilliseconds = performance.now() - begin;
    const readyProcessorMilliseconds = processorMilliseconds(server.pid!);
    const access = accessFrom(kubeconfig);
    const all = Array.from({ length: clients }, () => new Client(access));
    await createAll(all, '/api/v1/nodes', numbered('node', nodes), node);
    const before = processorMilliseconds(server.pid!);
    const ownBefore = processorMilliseconds(process.pid);
    const createsPerSecond = await createAll(
      all,
      '/api/v1/namespaces/default/pods',
      numbered('pod', pods),
      pod,
    );
    // On a machine that does other work too, this says more than the rate.
    const processorMillisecondsPerCreate = (processorMilliseconds(server.pid!) - before) / pods;
    const clientProcessorMillisecondsPerCreate = (processorMilliseconds(process.pid) - ownBefore) / pods;
    const lists: number[] = [];
    let listed = '';
    for (let round = 0; round < 5; round += 1) {
      const start = performance.now();
      listed = await all[0]!.send('GET', '/api/v1/pods');
      lists.push(performance.now() - start);
    }
    const fanOut = await measureFanOut(access, all, listed);
    return {
      readyMilliseconds,
      readyProcessorMilliseconds,
      createsPerSecond,
      processorMillisecondsPerCreate,
      clientProcessorMillisecondsPerCreate,
      firstListMilliseconds: lists[0]!,
      listMilliseconds: lists.sort((a, b) => a - b)[2]!,
      listMegabytes: Buffer.byteLength(listed) / 1e6,
      ...fanOut,
      residentMegabytes: residentMegabytes(server.pid!),
    };
  } finally {
    server.kill('SIGTERM');
  }
}

async function measureFanOut(access: Access, all: Client[], listed: string): Promise<Record<string, number>> {
  const revision = /"metadata":\{"resourceVersion":"(\d+)"/.exec(listed)?.[1] ?? '0';
  const target = `/api/v1/pods?watch=true&resourceVersion=${revision}`;
  const wanted = numbered('watched', watched);
  const seen = Array.from({ length: watchers }, () => new Set<string>());
  const start = performance.now();
  const streams = seen.map((names) =>
    new Client(access).watch(target, (line) => {
      const name = /"metadata":\{"name":"([^"]+)"/.exec(line)?.[1];
      if (name !== undefined) names.add(name);
      return names.size === watched;
    }),
  );
  const rate = await createAll(all, '/api/v1/namespaces/default/pods', wanted, pod);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, 30_000);
  });
  await Promise.race([Promise.all(streams), late]);
  clearTimeout(timer);
  const lost = seen.reduce((sum, names) => sum + wanted.filter((name) => !names.has(name)).length, 0);
  return {
    watchers,
    eventsLost: lost,
    createsPerSecondWhileWatched: rate,
    fanOutMilliseconds: performance.now() - start,
  };
}

const folder = mkdtempSync(path.join(tmpdir(), 'tuneyard-bench-'));
try {
  const figures = await measure(folder, values['no-tls'] ? ['--no-tls'] : []);
  for (const [name, value] of Object.entries(figures))
    console.log(`${name.padEnd(38)} ${value.toFixed(value < 10 ? 2 : 0)}`);
  const file = values.json;
  if (file) writeFileSync(file, `${JSON.stringify(figures, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit();
