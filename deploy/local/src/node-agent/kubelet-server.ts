import { listeningPort } from '../listening-port.js';
import type { ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { UserError } from '../errors.js';
import { issueCertificate } from '../tls/certificate.js';
import { readLog, readMore } from './read-log.js';

/** Where the logs of a container are found. */
export interface LogSource {
  /** Folder of the attempt; undefined: there is no such container or attempt. */
  folder: (namespace: string, pod: string, container: string, previous: boolean) => string | undefined;
  isRunning: (namespace: string, pod: string, container: string) => boolean;
}

const followMilliseconds = 100;

const numberOf = (query: URLSearchParams, name: string): number | undefined => {
  const text = query.get(name);
  return text === null || text === '' ? undefined : Number(text);
};

function sendLog(source: LogSource, parts: string[], query: URLSearchParams, response: ServerResponse): void {
  const [namespace = '', pod = '', container = ''] = parts;
  const folder = source.folder(namespace, pod, container, query.get('previous') === 'true');
  if (folder === undefined) {
    response.writeHead(400, { 'content-type': 'text/plain' });
    const what = query.get('previous') === 'true' ? 'previous terminated container' : 'container';
    response.end(`${what} "${container}" in pod "${pod}" not found\n`);
    return;
  }
  const tailLines = numberOf(query, 'tailLines');
  const sinceSeconds = numberOf(query, 'sinceSeconds');
  const sinceTime = query.get('sinceTime');
  const since =
    sinceSeconds !== undefined
      ? Date.now() - sinceSeconds * 1000
      : sinceTime
        ? Date.parse(sinceTime)
        : undefined;
  const limitBytes = numberOf(query, 'limitBytes');
  const timestamps = query.get('timestamps') === 'true';
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
  const first = readLog(folder, {
    timestamps,
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(since === undefined ? {} : { since }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
  });
  response.write(first.text);
  if (query.get('follow') !== 'true') {
    response.end();
    return;
  }
  let position = first.end;
  const timer = setInterval(() => {
    const running = source.isRunning(namespace, pod, container);
    const more = readMore(folder, position, timestamps);
    position = more.end;
    if (more.text) response.write(more.text);
    if (!running) response.end();
  }, followMilliseconds);
  response.on('close', () => clearInterval(timer));
}

export interface KubeletServer {
  port: number;
  close(): Promise<void>;
}

/**
 * The part of a kubelet's HTTPS interface that `kubectl logs` needs. It has no authentication of its own: listen on an
 * address that only the API server reaches (by default the loopback interface).
 */
export async function startKubeletServer(
  source: LogSource,
  host: string,
  port: number,
): Promise<KubeletServer> {
  const identity = issueCertificate({ commonName: 'tuneyard-node-agent', hosts: [host], usage: 'server' });
  const server: Server = createServer(
    { cert: identity.certificate, key: identity.key },
    (request, response) => {
      const url = new URL(request.url ?? '/', 'https://localhost');
      const parts = url.pathname.split('/').filter(Boolean).map(decodeURIComponent);
      if (request.method === 'GET' && parts[0] === 'containerLogs' && parts.length === 4) {
        sendLog(source, parts.slice(1), url.searchParams, response);
        return;
      }
      response.writeHead(url.pathname === '/healthz' ? 200 : 404, { 'content-type': 'text/plain' });
      response.end(url.pathname === '/healthz' ? 'ok' : 'not found\n');
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'it is in use; choose another with --port' : error.message;
      reject(new UserError(`Port ${port} on ${host} cannot be opened: ${why}.`));
    });
    server.listen(port, host, () => resolve());
  });
  return {
    port: listeningPort(server),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
