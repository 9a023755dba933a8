import type { IncomingMessage, OutgoingHttpHeaders, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

/** A request of a controller on its way to the API server. */
export interface Exchange {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly isWatch: boolean;
  /** Of JSON; undefined when there is none. */
  readonly body: unknown;
}

/** What becomes of it. */
export type Treatment =
  | { readonly kind: 'pass' }
  /** The connection breaks before the server has it. */
  | { readonly kind: 'drop' }
  /** The server does it, and the connection breaks before the answer. */
  | { readonly kind: 'lose'; readonly onLost?: () => void }
  /** Nobody answers; the connection stays open. */
  | { readonly kind: 'silence' }
  /** The server does it, and the answer never comes; the connection stays open. */
  | { readonly kind: 'withhold' }
  /** Answered in the server's place. */
  | { readonly kind: 'refuse'; readonly status: number; readonly retryAfterSeconds?: number }
  /** A watch: the connection breaks after so many bytes of the answer, wherever that is. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** A watch: its history is gone, as the server says within the stream. */
  | { readonly kind: 'expire' }
  /** Held back until the promise resolves; then passed on, unless the sender has hung up, as networks do. */
  | { readonly kind: 'delay'; readonly until: Promise<void> };

const PASS: Treatment = { kind: 'pass' };

/** Stands between one controller and the API server, and decides what becomes of each request. */
export class ApiProxy {
  treat: (exchange: Exchange) => Treatment = () => PASS;
  /** Told of every write that the server took, with its status below 300. */
  onWritten: ((exchange: Exchange) => void) | undefined;
  readonly #sockets = new Set<Socket>();
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64, rejectUnauthorized: false });
  #isDead = false;

  private constructor(
    readonly url: string,
    private readonly server: Server,
  ) {}

  static async start(target: { readonly url: string; readonly token: string }): Promise<ApiProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const proxy = new ApiProxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, server);
    server.on('connection', (socket) => proxy.#accept(socket));
    server.on('request', (incoming, outgoing) => void proxy.#serve(target, incoming, outgoing));
    return proxy;
  }

  /** From now on nothing of this controller reaches the server, as if it were no more. */
  kill(): void {
    this.#isDead = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.kill();
    this.#agent.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #accept(socket: Socket): void {
    if (this.#isDead) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
  }

  async #serve(
    { url, token }: { readonly url: string; readonly token: string },
    incoming: IncomingMessage,
    outgoing: ServerResponse,
  ): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    if (this.#isDead) return;
    const sent = Buffer.concat(chunks);
    const exchange = describe(incoming, sent);
    const treatment = this.treat(exchange);
    if (treatment.kind === 'silence') return;
    if (treatment.kind === 'drop') {
      incoming.socket.destroy();
      return;
    }
    if (treatment.kind === 'refuse') {
      refuse(outgoing, treatment.status, treatment.retryAfterSeconds);
      return;
    }
    if (treatment.kind === 'expire') {
      outgoing.writeHead(200, { 'Content-Type': 'application/json' });
      outgoing.end(`${JSON.stringify({ type: 'ERROR', object: statusObject(410) })}\n`);
      return;
    }
    if (treatment.kind === 'delay') await treatment.until;
    if (incoming.socket.destroyed) return;
    const { hostname, port } = new URL(url);
    const headers: OutgoingHttpHeaders = { ...incoming.headers, authorization: `Bearer ${token}` };
    const { method = 'GET', url: path = '/' } = incoming;
    const forward = request({ hostname, port, method, path, headers, agent: this.#agent }, (answer) => {
      const isWritten = exchange.method !== 'GET' && (answer.statusCode ?? 500) < 300;
      if (isWritten) this.onWritten?.(exchange);
      if (treatment.kind === 'withhold') {
        answer.resume();
        return;
      }
      if (treatment.kind === 'lose') {
        answer.resume();
        answer.on('close', () => {
          incoming.socket.destroy();
          treatment.onLost?.();
        });
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      if (treatment.kind === 'cut') cutAfter(answer, outgoing, treatment.afterBytes);
      else answer.pipe(outgoing);
      answer.on('error', () => outgoing.destroy());
    });
    forward.on('error', () => incoming.socket.destroy());
    // A write that the server has begun is not called back.
    if (exchange.method === 'GET') outgoing.on('close', () => forward.destroy());
    forward.end(sent);
  }
}

function describe({ method = 'GET', url = '/' }: IncomingMessage, sent: Buffer): Exchange {
  const [path = '/', query = ''] = url.split('?');
  const body: unknown = sent.length === 0 ? undefined : JSON.parse(sent.toString());
  return { method, path, isWatch: new URLSearchParams(query).get('watch') === 'true', body };
}

function cutAfter(answer: IncomingMessage, outgoing: ServerResponse, bytes: number): void {
  let left = bytes;
  answer.on('data', (chunk: Buffer) => {
    if (chunk.length < left) {
      left -= chunk.length;
      outgoing.write(chunk);
      return;
    }
    answer.destroy();
    outgoing.write(chunk.subarray(0, left), () => outgoing.destroy());
  });
  answer.on('end', () => outgoing.end());
}

const REASONS: Readonly<Record<number, string>> = {
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
};

const statusObject = (code: number) => ({
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  reason: REASONS[code] ?? 'Unknown',
  message: `a test answers with ${code}`,
  code,
});

function refuse(outgoing: ServerResponse, status: number, retryAfterSeconds: number | undefined): void {
  outgoing.writeHead(status, {
    'Content-Type': 'application/json',
    ...(retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }),
  });
  outgoing.end(JSON.stringify(statusObject(status)));
}
