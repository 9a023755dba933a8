import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UserError } from '../errors.js';

export interface StatusServerOptions {
  /** `host:port`; port 0 = any free one. */
  readonly address: string;
  /** The metrics in the text format of Prometheus. */
  readonly metrics: () => Promise<string>;
  /** Why the process cannot do its work, or undefined. */
  readonly unready: () => string | undefined;
}

export interface StatusServer {
  /** http://host:port */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves /metrics, /healthz (the process answers) and /readyz (it can do its work). */
export async function startStatusServer({
  address,
  metrics,
  unready,
}: StatusServerOptions): Promise<StatusServer> {
  const server = createServer((request, response) => {
    const answer = (status: number, body: string) => {
      response.writeHead(status, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' }).end(body);
    };
    const path = (request.url ?? '').split('?')[0];
    if (request.method !== 'GET') return answer(405, 'only GET is known\n');
    if (path === '/healthz') return answer(200, 'ok\n');
    if (path === '/readyz') {
      const reason = unready();
      return answer(reason === undefined ? 200 : 503, `${reason ?? 'ok'}\n`);
    }
    if (path !== '/metrics') return answer(404, 'known are /metrics, /healthz and /readyz\n');
    metrics().then(
      (text) => answer(200, text),
      (error: unknown) => answer(500, `${String(error)}\n`),
    );
  });
  const { host, port } = splitAddress(address, 'metrics-address');
  await listen(server, host, port, address);
  const bound = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** @throws UserError when it is no `host:port` */
export function splitAddress(
  address: string,
  option: string,
): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(':');
  const port = Number(address.slice(colon + 1));
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  if (colon <= 0 || !Number.isInteger(port) || port < 0 || port > 65535) {
    throw new UserError(`--${option}: ${address} is no host:port, such as 127.0.0.1:8080`);
  }
  return { host, port };
}

function listen(server: Server, host: string, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE'
          ? 'is in use: choose another port, or 0 for any'
          : `cannot be used: ${error.message}`;
      reject(new UserError(`--metrics-address: ${address} ${why}`, { cause: error }));
    });
    server.listen(port, host, () => resolve());
  });
}
