import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

import { WorkPhase, type FetchStateRequest, type PullRequest } from '@tuneyard/proto';
import { afterEach, describe, expect, it } from 'vitest';

import type { DataPlane, FrameSink, PeerAddress, PeerHandlers } from './data-plane.js';
import { F32Sums } from './f32-sums.js';
import { createGrpcDataPlane } from './grpc-data-plane.js';
import { createHttp2DataPlane } from './http2-data-plane.js';
import { VectorPool } from './partial-sums.js';
import { stateChunks } from './state-transfer.js';
import {
  bodyAsNumbers,
  bytesOf,
  decodeFrame,
  encodeFrame,
  FrameDtype,
  FrameKind,
  type EncodedFrame,
} from './wire-format.js';

const request: PullRequest = { jobUid: 'u', token: 's', memberId: 'me', incarnation: 'i', generation: 3 };
const floats = new F32Sums(new VectorPool((length) => new Float32Array(length)));
const listen = { listenHost: '127.0.0.1', advertiseHost: '127.0.0.1' };
const state = Uint8Array.from({ length: 700_000 }, (_, at) => at * 7);

const open: DataPlane[] = [];
afterEach(async () => {
  for (const plane of open.splice(0)) await plane.close();
});

function frameOf(length: number, generation: number): EncodedFrame {
  const values = Float32Array.from({ length }, (_, at) => Math.sin(at + generation));
  const header = {
    kind: FrameKind.partial,
    phase: WorkPhase.WORK_PHASE_GRADIENT,
    dtype: FrameDtype.f32,
    flags: 0,
    generation,
    step: 1,
    block: { start: 0, size: 1 },
    offset: 0,
    length,
  };
  return encodeFrame(header, bytesOf(values));
}

function handlers(onPull: PeerHandlers['onPull']): PeerHandlers {
  return {
    onPull,
    // eslint-disable-next-line typescript/require-await
    async *onFetchState(asked) {
      yield* stateChunks({ step: 5, bytes: state }, asked);
    },
  };
}

/** Pulls until the end; the messages, and how it ended. */
async function pullAll(plane: DataPlane, peer: PeerAddress): Promise<{ messages: Buffer[]; end: string }> {
  const messages: Buffer[] = [];
  const end = await new Promise<string>((resolve) => {
    plane.pull(peer, request, {
      onMessage: (message) => messages.push(message),
      onEnd: () => resolve('end'),
      onError: resolve,
    });
  });
  return { messages, end };
}

const create = { 'grpc-js': createGrpcDataPlane, http2: createHttp2DataPlane };
const pairs = (['grpc-js', 'http2'] as const).flatMap((server) =>
  (['grpc-js', 'http2'] as const).map((client) => ({ server, client })),
);

describe.each(pairs)('a $server server and a $client client', ({ server, client }) => {
  async function connectPair(
    onPull: PeerHandlers['onPull'],
  ): Promise<{ plane: DataPlane; peer: PeerAddress }> {
    const serving = await create[server](listen, handlers(onPull));
    const plane = await create[client](
      listen,
      handlers((_, sink) => sink.end()),
    );
    open.push(serving, plane);
    const address = server === 'http2' ? serving.bulkAddress : serving.address;
    // Each client speaks to each server: as to a bulk port, or as to a Collective service.
    const peer = {
      memberId: 'peer',
      incarnation: 'j',
      address,
      bulkAddress: client === 'http2' ? address : '',
    };
    return { plane, peer };
  }

  it('carry frames of any size, in order, under back-pressure', async () => {
    const sizes = [0, 1, 5000, 262_144, 262_144, 262_144, 262_144, 262_144, 262_144, 3];
    let asked: PullRequest | undefined;
    const { plane, peer } = await connectPair((pull, sink) => {
      asked = pull;
      void sendAll(
        sink,
        sizes.map((size, at) => frameOf(size, at)),
      );
    });
    const { messages, end } = await pullAll(plane, peer);
    expect(end).toBe('end');
    expect(asked).toEqual(request);
    expect(messages.map((message) => decodeFrame(message).generation)).toEqual(sizes.map((_, at) => at));
    messages.forEach((message, at) => {
      const values = bytesOf(bodyAsNumbers(decodeFrame(message), floats));
      expect(Buffer.from(values).equals(frameOf(sizes[at] ?? 0, at).body)).toBe(true);
    });
  });

  it('give up a connection that the peer is ending, at any moment of that', async () => {
    const turns = (count: number, then: () => void): unknown =>
      count === 0 ? then() : setImmediate(() => turns(count - 1, then));
    for (let turn = 0; turn < 16; turn++) {
      const { plane, peer } = await connectPair((_, sink) => void sendAll(sink, [frameOf(1000, 1)]));
      await pullAll(plane, peer);
      const closed = open.at(-2)?.close();
      const end = pullAll(plane, peer);
      await new Promise<void>((resolve) => turns(turn, resolve));
      plane.keepOnly([]);
      await Promise.all([closed, end]);
    }
  });

  it('cancel on a connection that has ended without a goodbye, at any moment after that', async () => {
    const turns = (count: number, then: () => void): unknown =>
      count === 0 ? then() : setImmediate(() => turns(count - 1, then));
    for (let turn = 0; turn < 16; turn++) {
      const { plane, peer } = await connectPair((_, sink) => void sink.write(frameOf(1000, 1)));
      const target = new URL(`http://${peer.address}`);
      const sockets: Socket[] = [];
      const between = createServer((socket) => {
        sockets.push(socket);
        socket.pipe(connect({ host: target.hostname, port: Number(target.port) })).pipe(socket);
      }).listen(0, '127.0.0.1');
      await once(between, 'listening');
      // eslint-disable-next-line typescript/no-unsafe-type-assertion
      const address = `127.0.0.1:${(between.address() as AddressInfo).port}`;
      let cancel = (): void => {};
      const listener = { onEnd() {}, onError() {} };
      const by = { ...peer, address, bulkAddress: client === 'http2' ? address : '' };
      await new Promise<void>((resolve) => {
        cancel = plane.pull(by, request, { ...listener, onMessage: () => resolve() });
      });
      // As the system does for a process that was killed.
      for (const socket of sockets) socket.end();
      between.close();
      await new Promise<void>((resolve) => turns(turn, resolve));
      cancel();
    }
  });

  it('tell a refusal, a stranger and a broken line apart', async () => {
    const sinks: FrameSink[] = [];
    const answers: ((sink: FrameSink) => void)[] = [
      (sink) => sink.refuse('stale'),
      (sink) => sink.refuse('stranger'),
      (sink) => {
        sink.write(frameOf(10, 1));
        setImmediate(() => void open[0]?.close());
      },
    ];
    const { plane, peer } = await connectPair((_, sink) => {
      sinks.push(sink);
      answers.shift()?.(sink);
    });
    expect((await pullAll(plane, peer)).end).toBe('end');
    expect((await pullAll(plane, peer)).end).toMatch(/^PERMISSION_DENIED/);
    expect((await pullAll(plane, peer)).end).toMatch(/^(UNAVAILABLE|CANCELLED|INTERNAL|UNKNOWN)/);
  });

  it('stop sending when the receiver cancels', async () => {
    const closed = new Promise<void>((resolve) => {
      void connectPair((_, sink) => {
        sink.onClose(resolve);
        sink.write(frameOf(10, 1));
      }).then(({ plane, peer }) => {
        const cancel = plane.pull(peer, request, {
          onMessage: () => cancel(),
          onEnd: () => {},
          onError: () => {},
        });
      });
    });
    await closed;
  });
});

const askedFrom = (offset: number): FetchStateRequest => ({
  jobUid: 'u',
  token: 's',
  memberId: 'me',
  generation: 1,
  step: 5,
  offset,
});

describe('state', () => {
  it('arrives whole, and from an offset', async () => {
    const plane = await createGrpcDataPlane(
      listen,
      handlers(() => {}),
    );
    open.push(plane);
    const peer = { memberId: 'peer', incarnation: 'j', address: plane.address, bulkAddress: '' };
    for (const offset of [0, 262_144, 700_000]) {
      const got: Buffer[] = [];
      for await (const chunk of plane.fetchState(peer, askedFrom(offset), new AbortController().signal))
        got.push(Buffer.from(chunk.data));
      expect(Buffer.concat(got).equals(Buffer.from(state.subarray(offset)))).toBe(true);
    }
  });
});

describe('a peer that says nothing more', () => {
  /** Takes bytes of a connection and answers none. */
  async function openMute(): Promise<{ peer: PeerAddress; closed: Promise<unknown> }> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const closed = once(server, 'connection').then(async ([socket]: Socket[]) => {
      socket?.resume();
      await once(socket ?? server, 'close');
      server.close();
    });
    // eslint-disable-next-line typescript/no-unsafe-type-assertion
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    return { peer: { memberId: 'mute', incarnation: 'j', address, bulkAddress: address }, closed };
  }
  const silence = { pingAfterMs: 10, leastPatienceMs: 50, mostPatienceMs: 100 };

  it('is given up, and its connection with it', async () => {
    const plane = await createHttp2DataPlane(
      { ...listen, silence },
      handlers(() => {}),
    );
    open.push(plane);
    const { peer, closed } = await openMute();
    expect((await pullAll(plane, peer)).end).toBe('UNAVAILABLE: no sign of life');
    await closed;
  });

  it('is no reason to keep its connection to this server', async () => {
    const plane = await createHttp2DataPlane(
      { ...listen, silence },
      handlers(() => {}),
    );
    open.push(plane);
    const { hostname, port } = new URL(`http://${plane.bulkAddress}`);
    const socket = connect({ host: hostname, port: Number(port) }).resume();
    await once(socket, 'close');
  });

  it('does not keep who has stopped waiting for its state', async () => {
    const asked = new AbortController();
    const plane = await createGrpcDataPlane(listen, {
      onPull: () => {},
      // eslint-disable-next-line require-yield
      async *onFetchState() {
        asked.abort();
        await new Promise(() => {});
      },
    });
    open.push(plane);
    const peer = { memberId: 'peer', incarnation: 'j', address: plane.address, bulkAddress: '' };
    const chunks = plane.fetchState(peer, askedFrom(0), asked.signal)[Symbol.asyncIterator]();
    await expect(chunks.next()).rejects.toThrow(/CANCELLED/);
  });
});

async function sendAll(sink: FrameSink, frames: readonly EncodedFrame[]): Promise<void> {
  let drained = (): void => {};
  sink.onDrain(() => drained());
  for (const frame of frames) {
    const waiting = new Promise<void>((resolve) => (drained = resolve));
    if (!sink.write(frame)) await waiting;
  }
  sink.end();
}
