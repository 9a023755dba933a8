import { listeningPort } from '../listening-port.js';
import { randomBytes } from 'node:crypto';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { UserError } from '../errors.js';
import { issueCertificate } from '../tls/certificate.js';
import { Authenticator } from './auth/authenticator.js';
import { allowAll } from './auth/authorizer.js';
import { admin } from './auth/user.js';
import { createObject } from './crud/create-object.js';
import { FaultInjector } from './faults/fault-injector.js';
import { GarbageCollector } from './gc/garbage-collector.js';
import { NamespaceLifecycle } from './gc/namespace-lifecycle.js';
import type { ApiServer } from './http/api-server.js';
import { handleRequest } from './http/handle-request.js';
import { kubeconfigText, writePrivateFile } from './kubeconfig.js';
import { builtinResources } from './resources/builtin-resources.js';
import { DefinitionLifecycle } from './resources/definition-lifecycle.js';
import { ResourceRegistry } from './resources/resource-registry.js';
import { Store } from './storage/store.js';
import { WatchHub } from './watch/watch-hub.js';

export interface ControlPlaneOptions {
  /** TCP port; 0 (default) takes any free one. */
  port?: number;
  /** Address to listen on; default 127.0.0.1. */
  host?: string;
  /** Serve HTTPS and demand a token or client certificate (default). Plain HTTP takes every request as the administrator's. */
  tls?: boolean;
  /** Where the kubeconfig goes, readable by the owner only; default: a new folder below the system's temporary one. */
  kubeconfigPath?: string;
  /** Changes remembered per resource for watches that resume; default 4096. */
  historyLength?: number;
  /** Seconds between watch bookmarks; default 30. */
  bookmarkSeconds?: number;
}

export interface ControlPlane {
  url: string;
  /** Path of the kubeconfig file. */
  kubeconfigPath: string;
  /** Content of the kubeconfig file. */
  kubeconfig: string;
  /** Bearer token of the administrator. */
  token: string;
  close(): Promise<void>;
}

const bootOptions = {
  manager: 'tuneyard-apiserver',
  dryRun: false,
  fieldValidation: 'Ignore' as const,
  warnings: [],
};

/** Starts the API server in this process. Throws UserError when the address cannot be listened on. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const host = options.host ?? '127.0.0.1';
  const secure = options.tls ?? true;
  const store = new Store(
    options.historyLength === undefined ? {} : { historyLength: options.historyLength },
  );
  const registry = new ResourceRegistry();
  for (const type of builtinResources()) registry.add(type);
  const now = Date.now;
  const token = randomBytes(24).toString('base64url');
  const authenticator = new Authenticator(secure ? undefined : admin, now);
  authenticator.addToken(token, admin);
  const server: ApiServer = {
    store,
    registry,
    now,
    hub: new WatchHub(),
    faults: new FaultInjector(),
    authenticator,
    authorizer: allowAll,
    bookmarkSeconds: options.bookmarkSeconds ?? 30,
  };
  const lifecycles = [
    new DefinitionLifecycle(server),
    new NamespaceLifecycle(server),
    new GarbageCollector(server),
  ];
  ensureNamespaces(server);

  const authority = secure
    ? issueCertificate({ commonName: 'tuneyard-local-ca', usage: 'authority' })
    : undefined;
  const listener = (
    request: Parameters<typeof handleRequest>[1],
    response: Parameters<typeof handleRequest>[2],
  ): void => {
    void handleRequest(server, request, response);
  };
  const hosts = [...new Set([host, '127.0.0.1', 'localhost', 'kubernetes.default.svc'])];
  const identity =
    authority && issueCertificate({ commonName: 'tuneyard-apiserver', hosts, usage: 'server' }, authority);
  const http: Server =
    authority && identity
      ? createHttpsServer(
          {
            cert: identity.certificate,
            key: identity.key,
            ca: authority.certificate,
            requestCert: true,
            rejectUnauthorized: false,
          },
          listener,
        )
      : createHttpServer(listener);
  http.keepAliveTimeout = 60_000;
  http.requestTimeout = 0;
  await listen(http, options.port ?? 0, host);
  const port = listeningPort(http);
  const url = `${secure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const kubeconfig = kubeconfigText({ url, authority: authority?.certificate, token });
  const kubeconfigPath =
    options.kubeconfigPath ?? path.join(mkdtempSync(path.join(tmpdir(), 'tuneyard-')), 'kubeconfig');
  writePrivateFile(kubeconfigPath, kubeconfig);
  return {
    url,
    kubeconfigPath,
    kubeconfig,
    token,
    close: async () => {
      for (const lifecycle of lifecycles) lifecycle.stop();
      server.hub.closeAll();
      await new Promise<void>((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      });
    },
  };
}

function ensureNamespaces(server: ApiServer): void {
  const type = server.registry.find('', 'v1', 'namespaces')!;
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) {
    if (!server.store.bucket(type.bucket).get('', name))
      createObject(server, type, '', { metadata: { name } }, bootOptions);
  }
}

function listen(http: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) => {
      const why: Record<string, string> = {
        EADDRINUSE: `Port ${port} on ${host} is in use; stop the other program or choose another port (--port).`,
        EACCES: `Port ${port} on ${host} may not be opened by this user; choose a port above 1023 (--port).`,
        EADDRNOTAVAIL: `Address ${host} is not one of this machine's; choose another (--host).`,
        ENOTFOUND: `Address ${host} is not known; choose another (--host).`,
      };
      reject(new UserError(why[error.code ?? ''] ?? `Cannot listen on ${host}:${port}: ${error.message}.`));
    });
    http.listen(port, host, () => resolve());
  });
}
