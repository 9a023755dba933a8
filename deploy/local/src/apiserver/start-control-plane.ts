import { mkdtempSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { UserError } from '../errors.js';
import { listeningPort } from '../listening-port.js';
import { issueCertificate } from '../tls/certificate.js';
import { Authenticator } from './auth/authenticator.js';
import { allowAll } from './auth/authorizer.js';
import { defaultClusterRoles } from './auth/default-roles.js';
import { RbacAuthorizer } from './auth/rbac-authorizer.js';
import { admin, type User } from './auth/user.js';
import { createObject } from './crud/create-object.js';
import { FaultInjector } from './faults/fault-injector.js';
import { EventExpiry } from './gc/event-expiry.js';
import { GarbageCollector } from './gc/garbage-collector.js';
import { NamespaceLifecycle } from './gc/namespace-lifecycle.js';
import { QuotaStatus } from './gc/quota-status.js';
import type { ApiServer } from './http/api-server.js';
import { handleRequest } from './http/handle-request.js';
import { kubeconfigText, writePrivateFile } from './kubeconfig.js';
import { builtinResources } from './resources/builtin-resources.js';
import { DefinitionLifecycle } from './resources/definition-lifecycle.js';
import { defaultPriorityClasses } from './resources/pod-priority.js';
import { ResourceRegistry } from './resources/resource-registry.js';
import { createIdentity, folderIdentity, lockFolder, type Identity } from './storage/data-folder.js';
import { DiskJournal } from './storage/disk-journal.js';
import { Store } from './storage/store.js';
import { WatchHub } from './watch/watch-hub.js';

export interface ControlPlaneOptions {
  /** TCP port; 0 (default) takes any free one. */
  port?: number;
  /** Address to listen on; default 127.0.0.1. */
  host?: string;
  /** Serve HTTPS and demand a token or client certificate (default). Plain HTTP takes requests without credentials as the administrator's. */
  tls?: boolean;
  /** Folder that keeps objects, certificates and tokens over a restart; default: memory only. */
  dataDir?: string;
  /** Where the kubeconfig goes, readable by the owner only; default: a new folder below the system's temporary one. */
  kubeconfigPath?: string;
  /** Users that may sign in with a bearer token, besides the administrator. */
  tokens?: { token: string; user: User }[];
  /** Enforce Roles and bindings; default: everybody who is signed in may do everything. */
  rbac?: boolean;
  /** Changes remembered per resource for watches that resume; default 4096. */
  historyLength?: number;
  /** Seconds between watch bookmarks; default 30. */
  bookmarkSeconds?: number;
}

export interface ControlPlane {
  url: string;
  /** Path of the kubeconfig file. */
  kubeconfigPath: string;
  /** Content of the kubeconfig file (the administrator's). */
  kubeconfig: string;
  /** Bearer token of the administrator. */
  token: string;
  /** Text of a kubeconfig that signs in by a client certificate with this name and these groups. Needs TLS. */
  clientKubeconfig(name: string, groups?: string[]): string;
  close(): Promise<void>;
}

const bootOptions = {
  manager: 'tuneyard-apiserver',
  dryRun: false,
  fieldValidation: 'Ignore' as const,
  warnings: [],
};

/** Starts the API server in this process. Throws UserError when the address or the data folder cannot be used. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const host = options.host ?? '127.0.0.1';
  const secure = options.tls ?? true;
  const unlock = options.dataDir === undefined ? (): void => undefined : lockFolder(options.dataDir);
  const cleanups: (() => void | Promise<void>)[] = [unlock];
  const undo = async (): Promise<void> => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  };
  try {
    const store = new Store(
      options.historyLength === undefined ? {} : { historyLength: options.historyLength },
    );
    const identity = options.dataDir === undefined ? createIdentity() : folderIdentity(options.dataDir);
    const server = createApiServer(options, store, identity, secure);
    if (options.dataDir !== undefined) {
      const journal = await DiskJournal.open(options.dataDir, store);
      cleanups.push(() => journal.close());
    }
    const lifecycles = [
      new DefinitionLifecycle(server),
      new NamespaceLifecycle(server),
      new GarbageCollector(server),
      new EventExpiry(server),
      new QuotaStatus(server),
    ];
    cleanups.push(() => lifecycles.forEach((lifecycle) => lifecycle.stop()));
    for (const lifecycle of lifecycles) lifecycle.resume();
    ensureDefaults(server);

    const http = createListener(server, identity, secure, host);
    await listen(http, options.port ?? 0, host);
    cleanups.push(async () => {
      server.hub.closeAll();
      await new Promise<void>((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      });
    });
    const url = `${secure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${listeningPort(http)}`;
    const authority = secure ? identity.authority.certificate : undefined;
    const kubeconfig = kubeconfigText({ url, authority, token: identity.token });
    const kubeconfigPath =
      options.kubeconfigPath ?? path.join(mkdtempSync(path.join(tmpdir(), 'tuneyard-')), 'kubeconfig');
    writePrivateFile(kubeconfigPath, kubeconfig);
    return {
      url,
      kubeconfigPath,
      kubeconfig,
      token: identity.token,
      clientKubeconfig: (name, groups = []) => {
        const client = issueCertificate(
          { commonName: name, organizations: groups, usage: 'client' },
          identity.authority,
        );
        return kubeconfigText({ url, authority, client });
      },
      close: undo,
    };
  } catch (error) {
    await undo();
    throw error;
  }
}

function createApiServer(
  options: ControlPlaneOptions,
  store: Store,
  identity: Identity,
  secure: boolean,
): ApiServer {
  const registry = new ResourceRegistry();
  for (const type of builtinResources()) registry.add(type);
  const authenticator = new Authenticator(secure ? undefined : admin, Date.now, identity.signingKey);
  authenticator.addToken(identity.token, admin);
  for (const { token, user } of options.tokens ?? []) authenticator.addToken(token, user);
  return {
    store,
    registry,
    now: Date.now,
    hub: new WatchHub(),
    faults: new FaultInjector(),
    authenticator,
    authorizer: options.rbac ? new RbacAuthorizer(store) : allowAll,
    bookmarkSeconds: options.bookmarkSeconds ?? 30,
  };
}

function createListener(server: ApiServer, identity: Identity, secure: boolean, host: string): Server {
  const listener: Parameters<typeof createHttpServer>[1] = (request, response) =>
    void handleRequest(server, request, response);
  let http: Server;
  if (secure) {
    const hosts = [...new Set([host, '127.0.0.1', 'localhost', 'kubernetes.default.svc'])];
    const { authority } = identity;
    const own = issueCertificate({ commonName: 'tuneyard-apiserver', hosts, usage: 'server' }, authority);
    // Client certificates are asked for, not demanded: most clients bring a token.
    const tls = {
      cert: own.certificate,
      key: own.key,
      ca: authority.certificate,
      requestCert: true,
      rejectUnauthorized: false,
    };
    http = createHttpsServer(tls, listener);
  } else {
    http = createHttpServer(listener);
  }
  http.keepAliveTimeout = 60_000;
  return http;
}

function ensureDefaults(server: ApiServer): void {
  const ensure = (
    group: string,
    resource: string,
    object: { metadata: { name: string } } & Record<string, unknown>,
  ): void => {
    const type = server.registry.find(group, 'v1', resource)!;
    if (!server.store.bucket(type.bucket).get('', object.metadata.name))
      createObject(server, type, '', object, bootOptions);
  };
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease'])
    ensure('', 'namespaces', { metadata: { name } });
  for (const priorityClass of defaultPriorityClasses)
    ensure('scheduling.k8s.io', 'priorityclasses', priorityClass);
  for (const role of defaultClusterRoles) ensure('rbac.authorization.k8s.io', 'clusterroles', role);
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
