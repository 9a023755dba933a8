// One rank of the all-reduce bench: its groups, its ring and its bare sockets, driven by messages from the parent.
import { createHash } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';

import { createGroup, TlsIdentity, type Group } from '@tuneyard/trainer/collective';
import { BareExchange, type Reading } from './bare-exchange.js';
import { checkRounded, checkSum, checkTotal, valueOf } from './expected-sum.js';
import { serveCommands } from './rank-processes.js';
import { Ring } from './ring.js';

export type Transport = 'http2' | 'grpc-js' | 'http2 mTLS' | 'grpc-js mTLS';

export interface RankOrder {
  readonly rank: number;
  readonly size: number;
  readonly elements: number;
  readonly groups: readonly {
    readonly transport: Transport;
    readonly coordinator: string;
    readonly uid: string;
    readonly tls?: Readonly<Record<'ca' | 'coordinatorCa' | 'certificate' | 'key', string>>;
  }[];
}

type Certificates = NonNullable<RankOrder['groups'][number]['tls']>;
const identityOf = ({ ca, coordinatorCa, certificate, key }: Certificates) =>
  new TlsIdentity({
    ca: Buffer.from(ca),
    coordinatorCa: Buffer.from(coordinatorCa),
    certificate: Buffer.from(certificate),
    key: Buffer.from(key),
  });

/** Where a rank listens. */
export interface RankAddress {
  readonly events: number;
  readonly buffer: number;
  readonly ring: string;
}

export interface SumCommand {
  readonly kind: 'sum';
  readonly transport: Transport;
  readonly format: 'f32' | 'bf16';
  /** Sums that each rank contributes. */
  readonly partials: 1 | 2;
  readonly elements: number;
  readonly repeat: number;
  readonly check: boolean;
}

export type RankCommand =
  | { readonly kind: 'connect'; readonly peers: readonly RankAddress[] }
  | { readonly kind: 'bare'; readonly reading: Reading }
  | { readonly kind: 'ring'; readonly check: boolean }
  | SumCommand;

export interface RankAnswer {
  readonly seconds: readonly number[];
  /** Of these, on adding. */
  readonly additionSeconds?: number;
  /** Processor time of this process, all threads, for all of it. */
  readonly cpuSeconds?: number;
  /** The longest time for which the main thread did not turn to its events. */
  readonly blockedSeconds?: number;
  readonly address?: RankAddress;
  /** Of the sum, when it was checked. */
  readonly sha256?: string;
}

const RESOLUTION_MS = 1;
const order: RankOrder = JSON.parse(process.argv[2] ?? '');
const { rank, size, elements } = order;

interface Joined {
  readonly group: Group;
  step: number;
}
const joined = new Map<Transport, Joined>();
const bare = { events: await BareExchange.listen('events'), buffer: await BareExchange.listen('buffer') };
const ring = new Ring(rank, size);
const ringVector = new Float32Array(elements);

async function sum(command: SumCommand): Promise<RankAnswer> {
  const { transport, format, partials, elements: vectorLength, repeat, check } = command;
  const of = joined.get(transport);
  if (of === undefined) throw new Error(`no group over ${transport}`);
  // Three units a rank make a block of two and one of one.
  const count = partials === 1 ? size : 3 * size;
  const seconds: number[] = [];
  let additionSeconds = 0;
  let sha256 = '';
  for (let round = 0; round < repeat; round++) {
    const began = performance.now();
    const result = await of.group.sum({
      step: of.step + 1,
      phase: 'gradient',
      count,
      vectorLength,
      ...(format === 'bf16' ? { rounding: { seed: 1 } } : {}),
      compute: (unit, out) => {
        if (check) for (let at = 0; at < out.length; at++) out[at] = valueOf(unit, at);
        return Promise.resolve({ lossSum: unit, trainedTokens: 1 });
      },
    });
    if (result.kind !== 'sum') throw new Error(`a bench loses nobody: ${result.kind}`);
    of.step += 1;
    // In bf16 a rank rounds its own sums first, and that is part of the price.
    seconds.push(format === 'bf16' ? (performance.now() - began) / 1000 : result.timings.reduceSeconds);
    additionSeconds += result.timings.additionSeconds;
    if (!check) continue;
    (format === 'bf16' ? checkRounded : checkSum)(result.vector, count);
    sha256 = createHash('sha256').update(result.vector).digest('hex');
  }
  return { seconds, additionSeconds, sha256 };
}

async function sumRing(check: boolean): Promise<RankAnswer> {
  if (check) for (let at = 0; at < elements; at++) ringVector[at] = valueOf(rank, at);
  // Sums of zeros remain zeros, however often.
  else ringVector.fill(0);
  const seconds = await ring.sum(ringVector);
  if (check) checkTotal(ringVector, size);
  return { seconds: [seconds] };
}

async function connect(peers: readonly RankAddress[]): Promise<void> {
  await bare.events.connect(
    peers.map(({ events }) => events),
    rank,
  );
  await bare.buffer.connect(
    peers.map(({ buffer }) => buffer),
    rank,
  );
  const before = peers[(rank + size - 1) % size]?.ring;
  if (before !== undefined && size > 1) ring.connect(before);
  for (const { transport, coordinator, uid, tls } of order.groups) {
    const identity = tls && identityOf(tls);
    const group = createGroup({
      log: {
        info: () => undefined,
        warn: (fields, message) =>
          void process.stderr.write(`${transport}, rank ${rank}: ${message} ${JSON.stringify(fields)}\n`),
      },
      coordinatorAddress: coordinator,
      job: { namespace: 'bench', name: transport, uid },
      token: 'bench',
      memberId: `rank-${rank}`,
      listenHost: '127.0.0.1',
      dataPlane: transport.startsWith('http2') ? 'http2' : 'grpc-js',
      ...(identity === undefined ? {} : { tls: identity }),
    });
    const of = { group, step: 0 };
    joined.set(transport, of);
    await group.connect();
    await group.join(
      {
        committedStep: () => of.step,
        exportState: () => Promise.resolve(new Uint8Array()),
        importState: () => Promise.resolve(),
      },
      1,
    );
  }
}

async function carryOut(command: RankCommand): Promise<RankAnswer> {
  if (command.kind === 'sum') return sum(command);
  if (command.kind === 'ring') return sumRing(command.check);
  // Each peer gets its share twice over: once as partial sums, once as a result.
  if (command.kind === 'bare')
    return { seconds: [await bare[command.reading].run(2 * 4 * Math.ceil(elements / size))] };
  await connect(command.peers);
  return { seconds: [] };
}

async function obey(command: RankCommand): Promise<RankAnswer> {
  const before = process.cpuUsage();
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const answer = await carryOut(command);
  delay.disable();
  const { user, system } = process.cpuUsage(before);
  const blockedSeconds = Math.max(0, delay.max / 1e6 - RESOLUTION_MS) / 1000;
  return { ...answer, cpuSeconds: (user + system) / 1e6, blockedSeconds };
}

const address = { events: bare.events.port, buffer: bare.buffer.port, ring: await ring.listen() };
serveCommands(obey);
process.send?.({ seconds: [], address });
