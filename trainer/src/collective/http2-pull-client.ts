import { connect, constants, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { connect as connectTcp, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { status } from '@grpc/grpc-js';
import { CollectiveService, PullRequest } from '@tuneyard/proto';

import type { PeerAddress, PullListener } from './data-plane.js';
import { Http2DataTap } from './http2-data-tap.js';
import { giveStaging } from './kernels.js';
import { MessageAssembler, messagePrefix } from './message-assembler.js';
import { Patience, SilenceWatch, type SilenceSettings } from './silence-watch.js';
import { http2ClientOptions, type TlsIdentity } from './tls-identity.js';
import { HEADER_BYTES, MAX_BODY_BYTES } from './wire-format.js';

/** Room for several chunks under way; the default of 64 KiB would halve the speed even on loopback. */
const WINDOW_BYTES = 8 << 20;

interface Connection {
  readonly session: ClientHttp2Session;
  readonly tap: Http2DataTap;
  readonly silence: SilenceWatch;
}

/** Connections to the bulk ports of peers, one each. */
export class Http2PullClient {
  readonly #connections = new Map<string, Connection>();
  readonly #patience = new Map<string, Patience>();
  #watching: NodeJS.Timeout | undefined;

  constructor(
    private readonly tls: TlsIdentity | undefined,
    private readonly silence: SilenceSettings,
  ) {}

  /** Opens a `Collective.Pull`; returns the cancel function. */
  pull(peer: PeerAddress, request: PullRequest, listener: PullListener): () => void {
    let over = false;
    const finish = (report: () => void): void => {
      if (over) return;
      over = true;
      report();
    };
    const { session, tap } = this.#connectionTo(peer);
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: CollectiveService.pull.path,
      [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc+proto',
      [constants.HTTP2_HEADER_TE]: 'trailers',
    });
    const assembler = new MessageAssembler(HEADER_BYTES + MAX_BODY_BYTES, HEADER_BYTES, (message) => {
      if (over) giveStaging(message);
      else listener.onMessage(message);
    });
    let code: number | undefined;
    let details = 'the connection broke';
    const readStatus = (headers: IncomingHttpHeaders): void => {
      const given = headers['grpc-status'];
      if (given === undefined) return;
      code = Number(given);
      details = String(headers['grpc-message'] ?? '');
    };
    stream.on('response', readStatus);
    stream.on('trailers', readStatus);
    const take = (bytes: Buffer, start: number, end: number): void => {
      try {
        if (!over) assembler.push(bytes, start, end);
      } catch (error) {
        finish(() => listener.onError(error instanceof Error ? error.message : String(error)));
        stream.close(constants.NGHTTP2_CANCEL);
      }
    };
    let id: number | undefined;
    const divert = (): void => {
      id = stream.id;
      if (id !== undefined) tap.divert(id, take);
    };
    if (stream.pending) stream.on('ready', divert);
    else divert();
    // Ends without having been read.
    stream.resume();
    stream.on('error', (error) => (details = error.message));
    stream.on('close', () => {
      if (id !== undefined) tap.forget(id);
      const sound = code === status.OK && !assembler.isInside;
      assembler.dispose();
      finish(() => {
        if (sound || code === status.FAILED_PRECONDITION) listener.onEnd();
        else
          listener.onError(
            `${code === undefined ? 'UNAVAILABLE' : (status[code] ?? code)}: ${tap.failure ?? details}`,
          );
      });
    });
    const message = PullRequest.encode(request).finish();
    stream.end(Buffer.concat([messagePrefix(message.byteLength), message]));
    return () => {
      over = true;
      stream.close(constants.NGHTTP2_CANCEL);
    };
  }

  keepOnly(peers: readonly PeerAddress[]): void {
    const keep = new Set(peers.map(connectionKey));
    for (const [key, { tap }] of this.#connections) {
      if (keep.has(key)) continue;
      this.#connections.delete(key);
      tap.destroy();
    }
    for (const key of this.#patience.keys()) if (!keep.has(key)) this.#patience.delete(key);
    if (this.#connections.size > 0) return;
    clearInterval(this.#watching);
    this.#watching = undefined;
  }

  #connectionTo(peer: PeerAddress): Connection {
    const key = connectionKey(peer);
    const known = this.#connections.get(key);
    if (known !== undefined && !known.session.destroyed && !known.session.closed) return known;
    const tap = new Http2DataTap((onread) => this.#dial(peer, onread), WINDOW_BYTES);
    const session = connect(`http://${peer.bulkAddress}`, {
      settings: { initialWindowSize: WINDOW_BYTES, enablePush: false },
      createConnection: () => tap,
    });
    session.on('remoteSettings', () => session.setLocalWindowSize(WINDOW_BYTES));
    session.on('error', () => session.destroy());
    const patience = this.#patience.get(key) ?? new Patience(this.silence);
    this.#patience.set(key, patience);
    const connection = { session, tap, silence: new SilenceWatch(this.silence, patience) };
    this.#connections.set(key, connection);
    this.#watching ??= setInterval(() => this.#watch(), this.silence.pingAfterMs).unref();
    return connection;
  }

  /** Asks those who have been silent, also in the middle of connecting; gives up those who stay so. */
  #watch(): void {
    for (const { session, tap, silence } of this.#connections.values()) {
      if (session.destroyed || session.closed) continue;
      const verdict = silence.tick(performance.now(), tap.bytesReceived);
      if (verdict === 'give-up') tap.fail('no sign of life');
      else if (verdict === 'ping')
        session.ping((error) => {
          if (error === null) silence.answered(performance.now());
        });
    }
  }

  #dial(peer: PeerAddress, onread: OnReadOpts): Socket {
    const { hostname, port } = new URL(`http://${peer.bulkAddress}`);
    const to = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port), noDelay: true, onread };
    if (this.tls === undefined) return connectTcp(to);
    return connectTls({ ...to, ...http2ClientOptions(this.tls.current, peer.memberId) });
  }
}

function connectionKey(peer: PeerAddress): string {
  return `${peer.memberId} ${peer.incarnation} ${peer.bulkAddress}`;
}
