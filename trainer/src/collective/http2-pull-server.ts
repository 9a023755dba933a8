import {
  constants,
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2';
import type { Socket } from 'node:net';

import { status } from '@grpc/grpc-js';
import { CollectiveService, PullRequest } from '@tuneyard/proto';

import type { FrameSink, PeerHandlers } from './data-plane.js';
import { MessageAssembler } from './message-assembler.js';
import type { SilenceSettings } from './silence-watch.js';
import { http2ServerOptions, type TlsIdentity } from './tls-identity.js';
import type { EncodedFrame } from './wire-format.js';

/** A pull request is small: names, a token, numbers. */
const MAX_REQUEST_BYTES = 16 * 1024;
const CONTENT_TYPE = 'application/grpc+proto';
/** A client that is there sends something, if only a ping, long before it would give this server up for being silent. */
const FORGET_AFTER_PATIENCES = 3;

export interface Http2PullServer {
  /** `host:port` that it listens on. */
  readonly address: string;
  close(): void;
}

/** Serves `Collective.Pull` as gRPC on the wire, straight on node:http2: numbers go out without being copied. */
export async function createHttp2PullServer(
  listenHost: string,
  advertiseHost: string,
  tls: TlsIdentity | undefined,
  silence: Pick<SilenceSettings, 'mostPatienceMs'>,
  handlers: Pick<PeerHandlers, 'onPull'>,
): Promise<Http2PullServer> {
  const settings = { settings: { maxConcurrentStreams: 256 } };
  const server = tls === undefined ? createServer(settings) : secureServer(settings, tls);
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => session.destroy());
  });
  /** With the bytes that had come at the last look. */
  const sockets = new Map<Socket, number>();
  server.on('connection', (socket: Socket) => {
    sockets.set(socket, -1);
    socket.on('close', () => sockets.delete(socket));
  });
  const forgetting = setInterval(() => {
    for (const [socket, before] of sockets) {
      if (socket.bytesRead === before) socket.destroy();
      else sockets.set(socket, socket.bytesRead);
    }
  }, FORGET_AFTER_PATIENCES * silence.mostPatienceMs).unref();
  server.on('stream', (stream, headers) => servePull(stream, headers, handlers));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, listenHost, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  return {
    address: `${advertiseHost}:${port}`,
    close: () => {
      clearInterval(forgetting);
      server.close();
      for (const session of sessions) session.destroy();
    },
  };
}

function secureServer(settings: ServerOptions, tls: TlsIdentity): Http2SecureServer {
  const server = createSecureServer({ ...settings, ...http2ServerOptions(tls.current) });
  const forget = tls.onReplace(() => server.setSecureContext(http2ServerOptions(tls.current)));
  return server.on('close', forget);
}

function servePull(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  handlers: Pick<PeerHandlers, 'onPull'>,
): void {
  const sink = new StreamSink(stream);
  stream.on('error', () => {});
  if (headers[':path'] !== CollectiveService.pull.path)
    return sink.fail(status.UNIMPLEMENTED, 'only Pull is served here');
  let asked = false;
  const assembler = new MessageAssembler(MAX_REQUEST_BYTES, 0, (message) => {
    if (asked) return;
    asked = true;
    handlers.onPull(PullRequest.decode(message), sink);
  });
  stream.on('data', (piece: Buffer) => {
    try {
      assembler.push(piece);
    } catch {
      sink.fail(status.INTERNAL, 'not a pull request');
    }
  });
  stream.on('end', () => {
    if (!asked) sink.fail(status.INTERNAL, 'no pull request');
  });
}

/**
 * Two chunks under way: the next is at hand when the last has left, and still in the processor's cache from the making
 * of its checksum when it is copied out.
 */
const MAX_UNWRITTEN_BYTES = 3 << 19;

class StreamSink implements FrameSink {
  #unwritten = 0;
  #full = false;
  #drained = (): void => {};
  #ended = false;
  #status: status = status.OK;
  #details = '';

  constructor(private readonly stream: ServerHttp2Stream) {
    stream.on('wantTrailers', () =>
      stream.sendTrailers({
        'grpc-status': `${this.#status}`,
        'grpc-message': encodeURIComponent(this.#details),
      }),
    );
  }

  write({ envelope, body }: EncodedFrame): boolean {
    if (this.#ended || this.stream.destroyed) return true;
    this.#respond();
    const bytes = envelope.byteLength + body.byteLength;
    const written = (): void => {
      this.#unwritten -= bytes;
      if (!this.#full || this.#unwritten >= MAX_UNWRITTEN_BYTES) return;
      this.#full = false;
      this.#drained();
    };
    this.#unwritten += bytes;
    this.#full = this.#unwritten >= MAX_UNWRITTEN_BYTES;
    if (body.byteLength === 0) this.stream.write(envelope, written);
    else {
      this.stream.write(envelope);
      this.stream.write(body, written);
    }
    return !this.#full;
  }

  batch(writes: () => void): void {
    this.stream.cork();
    writes();
    this.stream.uncork();
  }

  onDrain(listener: () => void): void {
    this.#drained = listener;
  }

  onClose(listener: () => void): void {
    this.stream.on('close', listener);
  }

  end(): void {
    this.fail(status.OK, '');
  }

  refuse(code: 'stale' | 'stranger'): void {
    if (code === 'stale') this.fail(status.FAILED_PRECONDITION, 'this generation is over');
    else this.fail(status.PERMISSION_DENIED, 'not a member of this job');
  }

  fail(code: status, details: string): void {
    if (this.#ended || this.stream.destroyed) return;
    this.#ended = true;
    this.#status = code;
    this.#details = details;
    this.#respond();
    this.stream.end();
  }

  #respond(): void {
    if (this.stream.headersSent) return;
    this.stream.respond(
      { [constants.HTTP2_HEADER_STATUS]: 200, [constants.HTTP2_HEADER_CONTENT_TYPE]: CONTENT_TYPE },
      { waitForTrailers: true },
    );
  }
}
