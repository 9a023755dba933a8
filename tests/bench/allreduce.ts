// Speed of the all-reduce between processes of this machine. Run after `npm run build`; --help tells how.
import { fork, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { createControllerAuthority } from '@tuneyard/controller/certificates';
import {
  createCoordinatorServer,
  MemoryEventBus,
  MemoryStateStore,
  type CoordinatorTls,
} from '@tuneyard/controller/coordinator';
import { TrainerConfig } from '@tuneyard/proto';
import type { TlsMaterial } from '@tuneyard/trainer/collective';

import type {
  RankAddress,
  RankAnswer,
  RankCommand,
  RankOrder,
  SumCommand,
  Transport,
} from './allreduce-rank.js';
import { printRows, row, vectorRow, type Row, type Sample } from './allreduce-rows.js';
import { startGloo, type Gloo } from './gloo.js';
import { peftPython } from './peft-environment.js';
import { answerOf, tell } from './rank-processes.js';
import { coordinatorTls, workerMaterial } from '../support/certificates.js';
import { readOptions } from '../support/read-options.js';
import { RoundProgress } from '../support/round-progress.js';

const USAGE = `node tests/dist/bench/allreduce.js [options]

Sums a vector of f32 over processes of this machine, each way in turn in every round, so that other load on the machine
meets all alike. Checks every sum first: f32 against the bits of the canonical tree, bf16 against the sum in f64, and
both for the same bits on all ranks.

  --ranks LIST     numbers of processes; default 2,3,4
  --mib N          size of the vector; default 80
  --rounds N       rounds; medians are printed; default 9
  --only TEXT      of the rows on whole vectors: TCP, ring and those with TEXT in their name
  --json FILE      also writes the figures there
  --python FILE    Python with torch for the comparison with Gloo; default: one under .cache, made when pip can
  --no-gloo        leaves Gloo out
  --no-tls         leaves mutual TLS out
  --no-small       leaves the latencies out

Rows: 'TCP' is the same traffic as bare bytes over net.Socket, read with 'data' events; 'TCP, one buffer' the same read
into one buffer (net's onread). bf16 counts the f32 bytes that it stands for, and the rounding of each rank's own sums.
'ring' is the plain ring all-reduce over the http2 data plane; '2 partials' has each rank contribute two sums;
the ranks add up these sums first and begin apart, so it is their mean time that counts, and otherwise the slowest's.
Columns: 'of X' is the time of X over the time of the row, per round, its median; 'CPU of TCP' the same for processor
time; 'adding' is the share of time spent on additions; 'blocked ms' how long the main thread did not turn to its events, at
most, adding up a rank's own sums included. GB are 1e9 bytes; bus = algorithm x 2(n-1)/n.
`;

const here = path.dirname(fileURLToPath(import.meta.url));
/** Small objects die young: with V8's default the collector stops every 35 MB received. The same for all sides. */
const V8_FLAGS = ['--max-semi-space-size=64'];

const values = readOptions(USAGE, {
  ranks: { type: 'string', default: '2,3,4' },
  mib: { type: 'string', default: '80' },
  rounds: { type: 'string', default: '9' },
  only: { type: 'string', default: '' },
  json: { type: 'string' },
  python: { type: 'string' },
  'no-gloo': { type: 'boolean', default: false },
  'no-tls': { type: 'boolean', default: false },
  'no-small': { type: 'boolean', default: false },
});
const rounds = Number(values.rounds);
const elements = Math.round((Number(values.mib) * 2 ** 20) / 4);
const python = values['no-gloo'] ? { missing: 'it was left out' } : peftPython(values.python);
if ('missing' in python) console.log(`no comparison with Gloo: ${python.missing}`);
const progress = new RoundProgress();
const rows: Row[] = [];
for (const size of values.ranks.split(',').map(Number)) rows.push(...(await measure(size)));
progress.end();
printRows(rows);
if (values.json !== undefined)
  writeFileSync(
    values.json,
    `${JSON.stringify({ mib: Number(values.mib), rounds, flags: V8_FLAGS, node: process.version, rows }, null, 2)}\n`,
  );

async function measure(size: number): Promise<Row[]> {
  const names = Array.from({ length: size }, (_, rank) => `rank-${rank}`);
  const authority = values['no-tls'] ? undefined : createControllerAuthority(Date.now());
  const plain = await coordinate(size, ['http2', 'grpc-js']);
  const secured =
    authority && (await coordinate(size, ['http2 mTLS', 'grpc-js mTLS'], coordinatorTls(authority)));
  const transports: Transport[] = [...plain.transports, ...(secured?.transports ?? [])];
  const children = names.map((name, rank) => {
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
          ...(authority && { tls: inText(workerMaterial(authority, transport, name)) }),
        })),
      ],
    };
    return fork(path.join(here, 'allreduce-rank.js'), [JSON.stringify(order)], { execArgv: V8_FLAGS });
  });
  let gloo: Gloo | undefined;
  try {
    const addresses = await Promise.all(children.map((child) => answerOf<RankAnswer>(child)));
    const peers = addresses.flatMap(({ address }): RankAddress[] => (address ? [address] : []));
    await tell<RankAnswer>(children, { kind: 'connect', peers });
    gloo = 'python' in python ? await startGloo(python.python, size, elements) : undefined;
    progress.at(`${size} ranks: the sums are checked`);
    for (const command of vectorCommands(transports).values()) await check(children, command);
    const big = await alternate(children, transports, gloo);
    return values['no-small'] ? big : [...big, ...(await latencies(children, transports))];
  } finally {
    for (const child of children) child.kill();
    gloo?.end();
    await Promise.all([plain.close(), secured?.close()]);
  }
}

/** What is measured on whole vectors, by name; the first is what all are compared with. */
function vectorCommands(transports: readonly Transport[]): Map<string, RankCommand> {
  const sum = { kind: 'sum', partials: 1, elements, repeat: 1, check: false } as const;
  const all: [string, RankCommand][] = [
    ['TCP', { kind: 'bare', reading: 'events' }],
    ['TCP, one buffer', { kind: 'bare', reading: 'buffer' }],
    ['ring', { kind: 'ring', check: false }],
    ...transports.flatMap((transport): [string, RankCommand][] =>
      (['f32', 'bf16'] as const).map((format) => [`${transport} ${format}`, { ...sum, transport, format }]),
    ),
    ['http2 f32, 2 partials', { ...sum, transport: 'http2', format: 'f32', partials: 2 }],
  ];
  return new Map(all.filter(([name]) => name === 'TCP' || name === 'ring' || name.includes(values.only)));
}

/** The proof that the sums are right, on every rank. */
async function check(children: readonly ChildProcess[], command: RankCommand): Promise<void> {
  if (command.kind !== 'sum' && command.kind !== 'ring') return;
  const answers = await tell<RankAnswer>(children, { ...command, check: true });
  if (new Set(answers.map(({ sha256 }) => sha256)).size > 1)
    throw new Error(`the ranks have different sums: ${JSON.stringify(command)}`);
}

async function alternate(
  children: readonly ChildProcess[],
  transports: readonly Transport[],
  gloo: Gloo | undefined,
): Promise<Row[]> {
  const commands = vectorCommands(transports);
  const samples = new Map<string, Sample[]>([...commands.keys()].map((name) => [name, []]));
  const ofGloo: Sample[] = [];
  for (let turn = -1; turn < rounds; turn++) {
    progress.at(
      `${children.length} ranks: whole vectors, after one round to warm up`,
      Math.max(1, turn + 1),
      rounds,
    );
    for (const [name, command] of commands) {
      const apart = command.kind === 'sum' && command.partials > 1;
      const sample = sampleOf(await tell<RankAnswer>(children, command), apart);
      if (turn >= 0) samples.get(name)?.push(sample);
    }
    const answers = await gloo?.sum();
    if (answers === undefined || turn < 0) continue;
    ofGloo.push(sampleOf(answers.map(({ seconds, cpuSeconds }) => ({ seconds: [seconds], cpuSeconds }))));
  }
  if (gloo !== undefined) samples.set(`Gloo f32, torch ${gloo.version}`, ofGloo);
  const others = {
    TCP: samples.get('TCP') ?? [],
    'one buffer': samples.get('TCP, one buffer') ?? [],
    ring: samples.get('ring') ?? [],
    Gloo: ofGloo,
  };
  return [...samples].map(([name, own]) => vectorRow(children.length, name, 4 * elements, own, others));
}

/** After some thousand sums that are not counted: until then, V8 is busy compiling what they need. */
async function latencies(
  children: readonly ChildProcess[],
  transports: readonly Transport[],
): Promise<Row[]> {
  const small: Row[] = [];
  for (const transport of transports)
    for (const [what, length, warmUps, repeats] of [
      ['4 KiB', 1024, 3000, 3000],
      ['barrier', 0, 1000, 3000],
      ['1 MiB', 262_144, 50, 250],
    ] as const) {
      progress.at(`${children.length} ranks: ${repeats} times ${what} over ${transport}`);
      const command: SumCommand = {
        kind: 'sum',
        transport,
        format: 'f32',
        partials: 1,
        elements: length,
        repeat: warmUps + repeats,
        check: false,
      };
      const [first] = await tell<RankAnswer>(children, command);
      small.push(row(children.length, `${transport} ${what}`, first?.seconds.slice(warmUps) ?? []));
    }
  return small;
}

/** `apart`: the ranks did not begin together. */
function sampleOf(answers: readonly RankAnswer[], apart = false): Sample {
  const sumOf = (read: (answer: RankAnswer) => number): number =>
    answers.reduce((sum, answer) => sum + read(answer), 0);
  return {
    seconds: apart
      ? sumOf((answer) => answer.seconds[0] ?? NaN) / answers.length
      : Math.max(...answers.flatMap((answer) => answer.seconds)),
    blockedSeconds: Math.max(...answers.map((answer) => answer.blockedSeconds ?? NaN)),
    cpuSeconds: sumOf((answer) => answer.cpuSeconds ?? 0),
    additionSeconds: sumOf((answer) => answer.additionSeconds ?? NaN) / answers.length,
  };
}

function inText({ ca, coordinatorCa, certificate, key }: TlsMaterial) {
  return {
    ca: ca.toString(),
    coordinatorCa: coordinatorCa?.toString() ?? '',
    certificate: certificate.toString(),
    key: key.toString(),
  };
}

async function coordinate(
  size: number,
  transports: readonly Transport[],
  tls?: CoordinatorTls,
): Promise<{ address: string; transports: readonly Transport[]; close(): Promise<void> }> {
  const server = await createCoordinatorServer({
    address: '127.0.0.1:0',
    store: new MemoryStateStore(),
    bus: new MemoryEventBus(),
    heartbeatTimeoutSeconds: 30,
    // Computing is nothing here: by its speed, one rank would get everything and the others would send nothing.
    membership: { leastShare: 1, mostShare: 1 },
    ...(tls === undefined ? {} : { tls }),
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
