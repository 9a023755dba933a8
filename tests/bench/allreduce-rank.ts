// One rank of the all-reduce bench: its groups and raw sockets, driven by messages from the parent.
import { createServer, connect, type Socket } from 'node:net';
import { once } from 'node:events';

import { createGroup, type Group, type TlsMaterial } from '@tuneyard/trainer/collective';
import { serveCommands } from './rank-processes.js';

export type Transport = 'http2' | 'grpc-js' | 'http2 mTLS' | 'grpc-js mTLS';

export interface RankOrder {
  readonly rank: number;
  readonly size: number;
  readonly elements: number;
  readonly groups: readonly {
    readonly transport: Transport;
    readonly coordinator: string;
    readonly uid: string;
    readonly tls?: { readonly ca: string; readonly certificate: string; readonly key: string };
  }[];
}

export type RankCommand =
  | { readonly kind: 'connect'; readonly ports: readonly number[] }
  | { readonly kind: 'tcp' }
  | {
      readonly kind: 'sum';
      readonly transport: Transport;
      readonly elements: number;
      readonly repeat: number;
      readonly check: boolean;
    };

export interface RankAnswer {
  readonly seconds: readonly number[];
  /** Processor time of this process, all threads, for all of it. */
  readonly cpuSeconds?: number;
  readonly port?: number;
}

const order: RankOrder = JSON.parse(process.argv[2] ?? '');
const { rank, size, elements } = order;
const CHUNK_BYTES = 1 << 20;

interface Joined {
  readonly group: Group;
  step: number;
}
const joined = new Map<Transport, Joined>();

const SCALES = [1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7];

/** Values whose sum shows in which order it was made. */
function valueOf(unit: number, at: number): number {
  return Math.fround(Math.imul(unit * 7919 + at, 0x9e3779b1) * (SCALES[(unit * 5 + at) & 7] ?? 1));
}

async function sum(transport: Transport, length: number, repeat: number, check: boolean): Promise<number[]> {
  const of = joined.get(transport);
  if (of === undefined) throw new Error(`no group over ${transport}`);
  const seconds: number[] = [];
  for (let round = 0; round < repeat; round++) {
    const result = await of.group.sum({
      step: of.step + 1,
      phase: 'gradient',
      count: size,
      vectorLength: length,
      compute: (unit, out) => {
        if (check) for (let at = 0; at < out.length; at++) out[at] = valueOf(unit, at);
        return Promise.resolve({ lossSum: unit, trainedTokens: 1 });
      },
    });
    if (result.kind !== 'sum') throw new Error(`a bench loses nobody: ${result.kind}`);
    of.step += 1;
    seconds.push(result.timings.reduceSeconds);
    if (check) compare(result.vector);
  }
  return seconds;
}

/** The canonical tree, straight from its definition, for some elements. */
function compare(vector: Float32Array): void {
  const reference = (start: number, count: number, at: number): number => {
    if (count === 1) return valueOf(start, at);
    let left = 1;
    while (2 * left < count) left *= 2;
    return Math.fround(reference(start, left, at) + reference(start + left, count - left, at));
  };
  for (let at = 0; at < vector.length; at += Math.max(1, Math.floor(vector.length / 9973)))
    if (vector[at] !== reference(0, size, at))
      throw new Error(`element ${at} is ${vector[at]}, not ${reference(0, size, at)}`);
}

const incoming: Socket[] = [];
const outgoing: Socket[] = [];
const server = createServer((socket) => incoming.push(socket)).listen(0, '127.0.0.1');
await once(server, 'listening');

/** The traffic of an all-reduce as bare bytes: to each peer its share twice over, the same back. */
async function tcp(): Promise<number[]> {
  const bytes = 2 * 4 * Math.ceil(elements / size);
  const chunk = Buffer.alloc(CHUNK_BYTES);
  const began = performance.now();
  const received = incoming.map(
    (socket) =>
      new Promise<void>((resolve) => {
        let left = bytes;
        const take = (piece: Buffer): void => {
          left -= piece.byteLength;
          if (left > 0) return;
          // Paused, it keeps what the peer sends before this rank listens again.
          socket.off('data', take).pause();
          resolve();
        };
        socket.on('data', take).resume();
      }),
  );
  const sent = outgoing.map(async (socket) => {
    for (let left = bytes; left > 0; left -= CHUNK_BYTES)
      if (!socket.write(chunk.subarray(0, Math.min(left, CHUNK_BYTES)))) await once(socket, 'drain');
  });
  await Promise.all([...received, ...sent]);
  return [(performance.now() - began) / 1000];
}

async function obey(command: RankCommand): Promise<RankAnswer> {
  const before = process.cpuUsage();
  const answer = await carryOut(command);
  const { user, system } = process.cpuUsage(before);
  return { ...answer, cpuSeconds: (user + system) / 1e6 };
}

async function carryOut(command: RankCommand): Promise<RankAnswer> {
  if (command.kind === 'tcp') return { seconds: await tcp() };
  if (command.kind === 'sum')
    return { seconds: await sum(command.transport, command.elements, command.repeat, command.check) };
  for (const [peer, port] of command.ports.entries()) {
    if (peer === rank) continue;
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    outgoing.push(socket);
  }
  while (incoming.length < size - 1) await once(server, 'connection');
  for (const { transport, coordinator, uid, tls } of order.groups) {
    const material: TlsMaterial | undefined =
      tls === undefined
        ? undefined
        : { ca: Buffer.from(tls.ca), certificate: Buffer.from(tls.certificate), key: Buffer.from(tls.key) };
    const group = createGroup({
      coordinatorAddress: coordinator,
      job: { namespace: 'bench', name: transport, uid },
      token: 'bench',
      memberId: `rank-${rank}`,
      listenHost: '127.0.0.1',
      dataPlane: transport.startsWith('http2') ? 'http2' : 'grpc-js',
      ...(material === undefined ? {} : { tls: material }),
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
  return { seconds: [] };
}

const address = server.address();
serveCommands(obey);
process.send?.({ seconds: [], port: typeof address === 'object' ? address?.port : 0 });
