import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { AgentOptions } from 'node:https';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { createSecureContext } from 'node:tls';
import { ConnectionError } from '../errors.js';
import type { Connection, Credentials } from './connection.js';

export interface RawRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly cancellation?: Cancellation | undefined;
  /** Called in the same turn in which the bytes are handed to a connected socket; throws to hold them back. */
  readonly beforeSend?: (() => void) | undefined;
}

/** Breaks one request off. Every request needs one, and an AbortSignal costs about as much as the request itself. */
export class Cancellation {
  #breakOff: (() => void) | undefined;
  #isCancelled = false;

  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  readonly cancel = (): void => {
    this.#isCancelled = true;
    this.#breakOff?.();
  };

  /** Calls back when it is cancelled, at once if it is already; only the last one given. */
  onCancel(breakOff: () => void): void {
    this.#breakOff = breakOff;
    if (this.#isCancelled) breakOff();
  }
}

/**
 * HTTP to one API server over kept-alive connections. A request's bytes are only handed over once the socket is
 * connected, so that `beforeSend` decides at the last possible moment.
 */
export class Transport {
  #agent: HttpAgent | HttpsAgent | undefined;
  #credentials: Credentials | undefined;
  readonly #isSecure: boolean;
  readonly #target: Pick<RequestOptions, 'protocol' | 'hostname' | 'port'>;
  /** Path of the server, before that of a request. */
  readonly #prefix: string;

  constructor(
    private readonly connection: Connection,
    private readonly maxSockets = 64,
  ) {
    const { protocol, hostname, port, pathname } = connection.server;
    this.#isSecure = protocol === 'https:';
    const usualPort = this.#isSecure ? 443 : 80;
    this.#target = {
      protocol,
      hostname: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? usualPort : port,
    };
    this.#prefix = pathname.replace(/\/$/, '');
  }

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
    const secure = this.#isSecure;
    return new Promise((resolve, reject) => {
      const outgoing: ClientRequest = (secure ? httpsRequest : httpRequest)({
        ...this.#target,
        method: request.method,
        path: this.#prefix + request.path,
        headers: {
          ...credentials.headers,
          ...request.headers,
          ...(request.body === undefined ? {} : { 'Content-Length': Buffer.byteLength(request.body) }),
        },
        agent: this.#agentFor(credentials, secure),
      });
      request.cancellation?.onCancel(() => outgoing.destroy(new Error('the request was broken off')));
      outgoing.once('response', resolve);
      outgoing.once('error', (error: NodeJS.ErrnoException) => {
        const Kind =
          outgoing.reusedSocket && error.code === 'ECONNRESET' ? StaleSocketError : ConnectionError;
        reject(
          held ??
            new Kind(`${request.method} ${this.connection.server.origin}: ${error.message || error.code}`, {
              cause: error,
            }),
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
      this.#agent = secure
        ? new HttpsAgent({ ...options, ...inOneContext(credentials.tls) })
        : new HttpAgent(options);
    }
    this.#credentials = credentials;
    return this.#agent;
  }
}

/**
 * The same with certificates and key read once: an agent finds a free connection by a name that holds all texts of its
 * options, and makes it up for every request.
 */
function inOneContext({ ca, cert, key, ...others }: Credentials['tls']): AgentOptions {
  return { ...others, secureContext: createSecureContext({ ca, cert, key }) };
}

class StaleSocketError extends ConnectionError {}
