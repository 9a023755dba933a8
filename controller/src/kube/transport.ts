import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { ConnectionError } from '../errors.js';
import type { Connection, Credentials } from './connection.js';

export interface RawRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called in the same turn in which the bytes are handed to a connected socket; throws to hold them back. */
  readonly beforeSend?: (() => void) | undefined;
}

/**
 * HTTP to one API server over kept-alive connections. A request's bytes are only handed over once the socket is
 * connected, so that `beforeSend` decides at the last possible moment.
 */
export class Transport {
  #agent: HttpAgent | HttpsAgent | undefined;
  #credentials: Credentials | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly maxSockets = 64,
  ) {}

  /** Resolves with the head of the response. The body is the caller's to read or destroy. */
  async send(request: RawRequest): Promise<IncomingMessage> {
    const credentials = await this.connection.credentials();
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#sendOnce(request, credentials);
      } catch (error) {
        // A kept-alive connection that the server had already closed: nothing was processed.
        if (!(error instanceof StaleSocketError) || attempt >= 3) throw error;
      }
    }
  }

  close(): void {
    this.#agent?.destroy();
    this.#agent = undefined;
  }

  #sendOnce(request: RawRequest, credentials: Credentials): Promise<IncomingMessage> {
    const { server } = this.connection;
    const secure = server.protocol === 'https:';
    return new Promise((resolve, reject) => {
      const outgoing: ClientRequest = (secure ? httpsRequest : httpRequest)({
        protocol: server.protocol,
        hostname: server.hostname.replace(/^\[|\]$/g, ''),
        port: server.port === '' ? (secure ? 443 : 80) : server.port,
        method: request.method,
        path: `${server.pathname.replace(/\/$/, '')}${request.path}`,
        headers: {
          ...credentials.headers,
          ...request.headers,
          ...(request.body === undefined ? {} : { 'Content-Length': Buffer.byteLength(request.body) }),
        },
        agent: this.#agentFor(credentials, secure),
        ...(request.signal === undefined ? {} : { signal: request.signal }),
      });
      outgoing.once('response', resolve);
      outgoing.once('error', (error: NodeJS.ErrnoException) => {
        const Kind =
          outgoing.reusedSocket && error.code === 'ECONNRESET' ? StaleSocketError : ConnectionError;
        reject(
          held ??
            new Kind(`${request.method} ${server.origin}: ${error.message || error.code}`, { cause: error }),
        );
      });
      let held: Error | undefined;
      const hand = () => {
        try {
          request.beforeSend?.();
        } catch (error) {
          held = error instanceof Error ? error : new Error(String(error));
          outgoing.destroy(held);
          return;
        }
        outgoing.end(request.body);
      };
      outgoing.once('socket', (socket) => {
        if (socket.connecting) socket.once(secure ? 'secureConnect' : 'connect', hand);
        else hand();
      });
    });
  }

  #agentFor(credentials: Credentials, secure: boolean): HttpAgent | HttpsAgent {
    // Credentials that were not read anew are the same object; comparing certificates costs more than a request may.
    const same =
      this.#credentials === credentials ||
      JSON.stringify(this.#credentials?.tls) === JSON.stringify(credentials.tls);
    if (this.#agent === undefined || !same) {
      const { maxSockets } = this;
      const options = { keepAlive: true, maxSockets, maxFreeSockets: maxSockets };
      // The agent before keeps its running requests and ends with them.
      this.#agent = secure ? new HttpsAgent({ ...options, ...credentials.tls }) : new HttpAgent(options);
    }
    this.#credentials = credentials;
    return this.#agent;
  }
}

class StaleSocketError extends ConnectionError {}
