import { connect, constants, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';

import { status } from '@grpc/grpc-js';
import { CollectiveService, PullRequest } from '@tuneyard/proto';

import type { PeerAddress, PullListener } from './data-plane.js';
import { giveStaging } from './kernels.js';
import { MessageAssembler, messagePrefix } from './message-assembler.js';
import { http2ClientOptions, type TlsMaterial } from './tls-material.js';
import { HEADER_BYTES, MAX_BODY_BYTES } from './wire-format.js';

/** Room for several chunks under way; the default of 64 KiB would halve the speed even on loopback. */
const WINDOW_BYTES = 8 << 20;
/** Half-open connections cost at most twice this; a busy main thread answers well within it. */
const PING_MS = 2500;

/** Connections to the bulk ports of peers, one each. */
export class Http2PullClient {
  readonly #sessions = new Map<string, ClientHttp2Session>();

  constructor(private readonly tls: TlsMaterial | undefined) {}

  /** Opens a `Collective.Pull`; returns the cancel function. */
  pull(peer: PeerAddress, request: PullRequest, listener: PullListener): () => void {
    let over = false;
    const finish = (report: () => void): void => {
      if (over) return;
      over = true;
      report();
    };
    const stream = this.#sessionOf(peer).request({
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
    stream.on('data', (piece: Buffer) => {
      try {
        if (!over) assembler.push(piece);
      } catch (error) {
        finish(() => listener.onError(error instanceof Error ? error.message : String(error)));
        stream.close(constants.NGHTTP2_CANCEL);
      }
    });
    stream.on('error', (error) => (details = error.message));
    stream.on('close', () => {
      const sound = code === status.OK && !assembler.isInside;
      assembler.dispose();
      finish(() => {
        if (sound || code === status.FAILED_PRECONDITION) listener.onEnd();
        else listener.onError(`${code === undefined ? 'UNAVAILABLE' : (status[code] ?? code)}: ${details}`);
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
    const keep = new Set(peers.map(sessionKey));
    for (const [key, session] of this.#sessions) {
      if (keep.has(key)) continue;
      this.#sessions.delete(key);
      session.destroy();
    }
  }

  #sessionOf(peer: PeerAddress): ClientHttp2Session {
    const key = sessionKey(peer);
    const known = this.#sessions.get(key);
    if (known !== undefined && !known.destroyed && !known.closed) return known;
    const scheme = this.tls === undefined ? 'http' : 'https';
    const session = connect(`${scheme}://${peer.bulkAddress}`, {
      settings: { initialWindowSize: WINDOW_BYTES, enablePush: false },
      ...(this.tls === undefined ? {} : http2ClientOptions(this.tls, peer.memberId)),
    });
    session.on('remoteSettings', () => session.setLocalWindowSize(WINDOW_BYTES));
    session.on('error', () => session.destroy());
    watch(session);
    this.#sessions.set(key, session);
    return session;
  }
}

/** A connection that has not answered one ping when the next is due is half open. */
function watch(session: ClientHttp2Session): void {
  let answered = true;
  const timer = setInterval(() => {
    if (!answered) return session.destroy(new Error('no answer to a ping'));
    if (session.connecting) return;
    answered = false;
    session.ping(() => (answered = true));
  }, PING_MS);
  timer.unref();
  session.on('close', () => clearInterval(timer));
}

function sessionKey(peer: PeerAddress): string {
  return `${peer.memberId} ${peer.incarnation} ${peer.bulkAddress}`;
}
