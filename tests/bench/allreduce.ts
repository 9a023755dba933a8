// Speed of the all-reduce between processes of this machine, against the bare TCP exchange of the same traffic.
// Run after `npm run build`:
//   node tests/dist/bench/allreduce.js [--ranks 2,3,4] [--mib 80] [--rounds 9] [--json FILE] [--no-tls] [--no-small]
import { fork, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { ServerCredentials } from '@grpc/grpc-js';
import { createCoordinatorServer, MemoryEventBus, MemoryStateStore } from '@tuneyard/controller/coordinator';
import { TrainerConfig } from '@tuneyard/proto';

import type { RankAnswer, RankCommand, RankOrder, Transport } from './allreduce-rank.js';
import { answerOf, tell } from './rank-processes.js';
import { makeCertificates } from '../support/make-certificates.js';

const here = path.dirname(fileURLToPath(import.meta.url));
/** Small objects die young: with V8's default the collector stops every 35 MB received. */
const V8_FLAGS = ['--max-semi-space-size=64'];

interface Row {
  readonly ranks: number;
  readonly what: string;
  readonly milliseconds: { readonly median: number; readonly min: number; readonly max: number };
  /** Vector size / time, and that times 2(n-1)/n: what each link carries (GB/s, 1e9 bytes). */
  readonly algorithmGBps?: number;
  readonly busGBps?: number;
  /** Median over the rounds of (time of the bare exchange / time of this), each round on its own. */
  readonly shareOfTcp?: number;
  /** The same for the processor time of all ranks: what other work on the machine disturbs less. */
  readonly cpuShareOfTcp?: number;
}

const { values } = parseArgs({
  options: {
    ranks: { type: 'string', default: '2,3,4' },
    mib: { type: 'string', default: '80' },
    rounds: { type: 'string', default: '9' },
    json: { type: 'string' },
    'no-tls': { type: 'boolean', default: false },
    'no-small': { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const elements = Math.round((Number(values.mib) * 2 ** 20) / 4);
const rows: Row[] = [];
for (const size of values.ranks.split(',').map(Number)) rows.push(...(await measure(size)));
console.table(
  rows.map(({ ranks, what, milliseconds, algorithmGBps, busGBps, shareOfTcp, cpuShareOfTcp }) => ({
    ranks,
    what,
    'ms median': round(milliseconds.median),
    min: round(milliseconds.min),
    max: round(milliseconds.max),
    'alg GB/s': algorithmGBps === undefined ? '' : round(algorithmGBps),
    'bus GB/s': busGBps === undefined ? '' : round(busGBps),
    'of TCP': shareOfTcp === undefined ? '' : round(shareOfTcp),
    'CPU of TCP': cpuShareOfTcp === undefined ? '' : round(cpuShareOfTcp),
  })),
);
if (values.json !== undefined)
  writeFileSync(
    values.json,
    `${JSON.stringify({ mib: Number(values.mib), rounds, flags: V8_FLAGS, rows }, null, 2)}\n`,
  );

async function measure(size: number): Promise<Row[]> {
  const names = Array.from({ length: size }, (_, rank) => `rank-${rank}`);
  const certificates = values['no-tls'] ? undefined : makeCertificates([...names, 'tuneyard-coordinator']);
  const own = certificates?.get('tuneyard-coordinator');
  const plain = await coordinate(size, ['http2', 'grpc-js']);
  const secured =
    own === undefined
      ? undefined
      : await coordinate(
          size,
          ['http2 mTLS', 'grpc-js mTLS'],
          ServerCredentials.createSsl(own.ca, [{ cert_chain: own.certificate, private_key: own.key }], true),
        );
  const transports: Transport[] = [...plain.transports, ...(secured?.transports ?? [])];
  const children = names.map((name, rank) => {
    const tls = certificates?.get(name);
    const order: RankOrder = {
      rank,
      size,
      elements,
      groups: [
        ...plain.transports.map((transport) => ({ transport, coordinator: plain.address, uid: transport })),
        ...(secured?.transports ?? []).map((transport) => ({
          transport,
          coordinator: secured?.address ?? '',
          uid: transport,
          tls: {
            ca: tls?.ca.toString() ?? '',
            certificate: tls?.certificate.toString() ?? '',
            key: tls?.key.toString() ?? '',
          },
        })),
      ],
    };
    return fork(path.join(here, 'allreduce-rank.js'), [JSON.stringify(order)], { execArgv: V8_FLAGS });
  });
  try {
    const ports = (await Promise.all(children.map((child) => answerOf<RankAnswer>(child)))).map(
      (answer) => answer.port ?? 0,
    );
    await tell<RankAnswer>(children, { kind: 'connect', ports });
    // Also the proof that the sums are right, against the definition and not only equal on all ranks.
    for (const transport of transports)
      await tell<RankAnswer>(children, { kind: 'sum', transport, elements, repeat: 1, check: true });
    return await alternate(children, transports);
  } finally {
    for (const child of children) child.kill();
    await Promise.all([plain.close(), secured?.close()]);
  }
}

async function alternate(
  children: readonly ChildProcess[],
  transports: readonly Transport[],
): Promise<Row[]> {
  const size = children.length;
  const tcp: Sample[] = [];
  const sums = new Map<Transport, Sample[]>(transports.map((transport) => [transport, []]));
  for (let turn = -1; turn < rounds; turn++) {
    const bare = await tell<RankAnswer>(children, { kind: 'tcp' });
    if (turn >= 0) tcp.push(sampleOf(bare));
    for (const transport of transports) {
      const answers = await tell<RankAnswer>(children, {
        kind: 'sum',
        transport,
        elements,
        repeat: 1,
        check: false,
      });
      if (turn >= 0) sums.get(transport)?.push(sampleOf(answers));
    }
  }
  const big = [...sums].map(([transport, seconds]) => bigRow(size, `${transport} f32`, seconds, tcp));
  const small: Row[] = [];
  for (const transport of values['no-small'] ? [] : transports)
    for (const [what, length] of [
      ['4 KiB', 1024],
      ['barrier', 0],
      ['1 MiB', 262_144],
    ] as const) {
      const command: RankCommand = { kind: 'sum', transport, elements: length, repeat: 200, check: false };
      const [first] = await tell<RankAnswer>(children, command);
      small.push({ ...row(size, `${transport} ${what}`, first?.seconds.slice(20) ?? []) });
    }
  return [bigRow(size, 'bare TCP exchange', tcp, tcp), ...big, ...small];
}

interface Sample {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** All ranks together: until the slowest is done, and the work of all. */
function sampleOf(answers: readonly RankAnswer[]): Sample {
  return {
    seconds: Math.max(...answers.flatMap((answer) => answer.seconds)),
    cpuSeconds: answers.reduce((sum, answer) => sum + (answer.cpuSeconds ?? 0), 0),
  };
}

/** `tcp`: the bare exchanges of the same rounds. */
function bigRow(ranks: number, what: string, samples: readonly Sample[], tcp: readonly Sample[]): Row {
  const seconds = samples.map((sample) => sample.seconds);
  const algorithmGBps = (4 * elements) / 1e9 / median(seconds);
  return {
    ...row(ranks, what, seconds),
    algorithmGBps,
    busGBps: (algorithmGBps * 2 * (ranks - 1)) / ranks,
    shareOfTcp: median(samples.map((sample, turn) => (tcp[turn]?.seconds ?? NaN) / sample.seconds)),
    cpuShareOfTcp: median(samples.map((sample, turn) => (tcp[turn]?.cpuSeconds ?? NaN) / sample.cpuSeconds)),
  };
}

function row(ranks: number, what: string, seconds: readonly number[]): Row {
  const milliseconds = {
    median: 1000 * median(seconds),
    min: 1000 * Math.min(...seconds),
    max: 1000 * Math.max(...seconds),
  };
  return { ranks, what, milliseconds };
}

async function coordinate(
  size: number,
  transports: readonly Transport[],
  credentials?: ServerCredentials,
): Promise<{ address: string; transports: readonly Transport[]; close(): Promise<void> }> {
  const server = await createCoordinatorServer({
    address: '127.0.0.1:0',
    store: new MemoryStateStore(),
    bus: new MemoryEventBus(),
    heartbeatTimeoutSeconds: 30,
    ...(credentials === undefined ? {} : { credentials }),
  });
  for (const transport of transports)
    await server.coordinator.register({
      ref: { namespace: 'bench', name: transport, uid: transport },
      config: TrainerConfig.create(),
      token: 'bench',
      expectedWorkers: size,
    });
  return { address: server.address, transports, close: () => server.close() };
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
