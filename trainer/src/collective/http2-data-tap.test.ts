import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Duplex } from 'node:stream';

import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Http2DataTap } from './http2-data-tap.js';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const WINDOW_BYTES = 64 * 1024;

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

function encode({ type, flags, stream, payload }: Frame): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.byteLength, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function data(stream: number, content: Buffer, padding: number | undefined, ends: boolean): Frame {
  const payload =
    padding === undefined ? content : Buffer.concat([Buffer.of(padding), content, Buffer.alloc(padding)]);
  return { type: 0, flags: (ends ? 1 : 0) | (padding === undefined ? 0 : 8), stream, payload };
}

let server: Server;
beforeAll(async () => {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => server.close());

async function connectTap(): Promise<{ tap: Http2DataTap; peer: Socket }> {
  // eslint-disable-next-line typescript/no-unsafe-type-assertion
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, 'connection');
  const tap = new Http2DataTap(
    (onread) => connect({ port, host: '127.0.0.1', noDelay: true, onread }),
    WINDOW_BYTES,
  );
  const [peer]: Socket[] = await accepted;
  if (peer === undefined) throw new Error('not connected');
  return { tap, peer: peer.setNoDelay(true) };
}

const content = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const frame = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(1, 3, 5),
      content,
      fc.option(fc.integer({ min: 0, max: 40 }), { nil: undefined }),
      fc.boolean(),
    )
    .map(([stream, bytes, padding, ends]) => data(stream, bytes, padding, ends)),
  fc
    .tuple(fc.constantFrom(1, 3, 4, 6, 7), fc.constantFrom(0, 1, 3), content)
    .map(([type, stream, payload]) => ({ type, flags: 4, stream, payload })),
);

describe("a tap on a client's HTTP/2 connection", () => {
  it('hands out the payload of DATA frames and lets the rest through, however the bytes arrive', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(frame, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 50 })),
        async (frames, sizes) => {
          const { tap, peer } = await connectTap();
          const taken = new Map([1, 3].map((stream) => [stream, Buffer.alloc(0)]));
          for (const stream of taken.keys())
            tap.divert(stream, (bytes, start, end) =>
              taken.set(
                stream,
                Buffer.concat([taken.get(stream) ?? Buffer.alloc(0), bytes.subarray(start, end)]),
              ),
            );
          const through: Buffer[] = [];
          tap.on('data', (piece: Buffer) => through.push(piece));
          const ended = once(tap, 'close');
          const bytes = Buffer.concat(frames.map(encode));
          for (let at = 0, turn = 0; at < bytes.byteLength; turn++) {
            const size = sizes[turn] ?? bytes.byteLength;
            peer.write(bytes.subarray(at, at + size));
            at += size;
            await new Promise((resolve) => setImmediate(resolve));
          }
          peer.end();
          await ended;
          tap.destroy();
          const payloads = (stream: number): Buffer =>
            Buffer.concat(
              frames
                .filter((each) => each.type === 0 && each.stream === stream)
                .map(({ flags, payload }) =>
                  (flags & 8) === 0 ? payload : payload.subarray(1, payload.byteLength - (payload[0] ?? 0)),
                ),
            );
          expect(taken.get(1)).toEqual(payloads(1));
          expect(taken.get(3)).toEqual(payloads(3));
          const expected = frames.flatMap((each) => {
            if (each.type !== 0) return [encode(each)];
            return (each.flags & 1) === 0 ? [] : [encode({ ...each, flags: 1, payload: Buffer.alloc(0) })];
          });
          expect(Buffer.concat(through)).toEqual(Buffer.concat(expected));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('gives the peer back what it has sent, between the frames of the client', async () => {
    const { tap, peer } = await connectTap();
    let taken = 0;
    tap.divert(1, (_, start, end) => (taken += end - start));
    tap.resume();
    const request = encode({ type: 1, flags: 4, stream: 1, payload: Buffer.alloc(100, 1) });
    tap.write(PREFACE);
    tap.write(request.subarray(0, 50));
    const sent = 12;
    for (let turn = 0; turn < sent; turn++)
      peer.write(encode(data(1, Buffer.alloc(10_000), undefined, false)));
    // Nobody takes stream 3 any more: its bytes count for the connection alone.
    peer.write(encode(data(3, Buffer.alloc(10_000), 20, false)));
    let heard = Buffer.alloc(0);
    peer.on('data', (piece: Buffer) => (heard = Buffer.concat([heard, piece])));
    await expect.poll(() => taken).toBe(10_000 * sent);
    expect(heard.byteLength).toBeLessThanOrEqual(PREFACE.byteLength + 50);
    tap.write(request.subarray(50));
    const granted = new Map<number, number>();
    const isComplete = (): boolean => {
      granted.clear();
      for (let at = PREFACE.byteLength + request.byteLength; at + 13 <= heard.byteLength; at += 13) {
        expect(heard.readUIntBE(at, 4)).toBe(0x000408);
        const stream = heard.readUInt32BE(at + 5);
        granted.set(stream, (granted.get(stream) ?? 0) + heard.readUInt32BE(at + 9));
      }
      return granted.has(0) && granted.has(1);
    };
    await expect.poll(isComplete).toBe(true);
    // At most a quarter of the window is held back.
    const all = 10_000 * (sent + 1) + 21;
    expect(granted.get(0)).toBeGreaterThan(all - WINDOW_BYTES / 4);
    expect(granted.get(0)).toBeLessThanOrEqual(all);
    expect(granted.get(1)).toBeGreaterThan(10_000 * sent - WINDOW_BYTES / 4);
    expect(granted.get(1)).toBeLessThanOrEqual(10_000 * sent);
    expect(granted.has(3)).toBe(false);
    tap.destroy();
  });

  it.each([
    ['an oversized frame', encode({ type: 0, flags: 0, stream: 1, payload: Buffer.alloc(16_385) })],
    ['more padding than bytes', encode({ type: 0, flags: 8, stream: 1, payload: Buffer.of(9, 0, 0) })],
  ])('breaks the connection on %s', async (_, bytes) => {
    const { tap, peer } = await connectTap();
    const ended = once(tap, 'close');
    const closed = once(peer, 'close');
    peer.resume().write(bytes);
    await ended;
    expect(tap.failure).toMatch(/an HTTP\/2 frame/);
    await closed;
  });

  it('breaks when the peer does', async () => {
    const { tap, peer } = await connectTap();
    const closed = new Promise((resolve) => tap.on('close', resolve).on('error', () => {}));
    peer.resetAndDestroy();
    await closed;
  });

  it('tells a failed write without an error event', async () => {
    // A write that the kernel refuses, which a real socket cannot be made to meet at will.
    const socket = new Duplex({
      read: () => {},
      write: (_chunk, _encoding, done) => done(new Error('EPIPE')),
    });
    // eslint-disable-next-line typescript/no-unsafe-type-assertion
    const tap = new Http2DataTap(() => socket as Socket, WINDOW_BYTES);
    const errors: Error[] = [];
    tap.on('error', (error) => errors.push(error));
    const closed = once(tap, 'close');
    tap.write(PREFACE);
    await closed;
    expect(tap.failure).toBe('EPIPE');
    expect(errors).toEqual([]);
  });
});
