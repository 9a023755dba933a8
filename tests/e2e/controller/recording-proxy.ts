import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

export interface RecordedWrite {
  readonly who: string;
  /** Milliseconds since the epoch at which the server had answered it with success. */
  readonly at: number;
  readonly what: string;
}

/**
 * Stands between one controller and the API server: records every write that is no lease renewal, and can cut the
 * controller off. All proxies of a test share one log, in the order in which the server took the writes.
 */
export class RecordingProxy {
  #cut = false;
  readonly #sockets = new Set<Socket>();

  private constructor(
    readonly url: string,
    private readonly server: Server,
  ) {}

  static async start(
    who: string,
    target: { readonly url: string; readonly token: string },
    log: RecordedWrite[],
  ): Promise<RecordingProxy> {
    const { hostname, port } = new URL(target.url);
    const server = createServer((incoming: IncomingMessage, outgoing: ServerResponse) => {
      const { method = 'GET', url = '/', headers } = incoming;
      const authorized = { ...headers, authorization: `Bearer ${target.token}` };
      // The certificate of the local server is its own; what matters here is what passes through.
      const options = { hostname, port, method, path: url, headers: authorized, rejectUnauthorized: false };
      const forward = request(options, (answer) => {
        const write = method !== 'GET' && !url.includes('/leases') && (answer.statusCode ?? 500) < 300;
        if (write) log.push({ who, at: Date.now(), what: `${method} ${url.split('?')[0]}` });
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
        answer.on('error', () => outgoing.destroy());
      });
      forward.on('error', () => outgoing.destroy());
      outgoing.on('close', () => forward.destroy());
      incoming.pipe(forward);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const bound = server.address() as AddressInfo;
    const proxy = new RecordingProxy(`http://127.0.0.1:${bound.port}`, server);
    server.on('connection', (socket) => {
      if (proxy.#cut) {
        socket.destroy();
        return;
      }
      proxy.#sockets.add(socket);
      socket.on('close', () => proxy.#sockets.delete(socket));
    });
    return proxy;
  }

  /** A partition: connections break, new ones are refused. */
  cut(): void {
    this.#cut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): Promise<void> {
    this.cut();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}
