import { existsSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { UserError } from '../errors.js';

/** Where the API server is and how to prove who one is. */
export interface Connection {
  readonly server: URL;
  /** Where the server's address comes from, for a sentence; absent = nobody named one, and the usual local address is tried. */
  readonly origin?: string | undefined;
  /** Namespace of requests that name none, as the kubeconfig's context says. */
  readonly namespace: string;
  /** TLS material and headers of a request; cheap to call, refreshes tokens. */
  credentials(): Promise<Credentials>;
}

export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>;
}

/** How long credentials from files or an exec plugin are used before they are read again. */
const REFRESH_MS = 60_000;

/**
 * Reads a kubeconfig file, or, without one, KUBECONFIG, ~/.kube/config or the pod's service account.
 * @throws UserError when there is none or it names no server
 */
export function loadConnection(kubeconfig?: string): Connection {
  const config = new KubeConfig();
  const origin = originOf(kubeconfig);
  const named = origin ?? 'the kubeconfig';
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new UserError(
      missing
        ? `there is no kubeconfig ${named}: name one that is there with --kubeconfig or KUBECONFIG`
        : `${named}: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new UserError(`${named}: has no current cluster: set current-context`);
  }
  let server: URL;
  try {
    server = new URL(cluster.server);
  } catch (error) {
    throw new UserError(`${named}: ${cluster.server} is no URL of a server`, {
      cause: error,
    });
  }
  if (server.protocol === 'http:') {
    // Nothing to verify without TLS, but the library insists on being told so.
    config.clusters = config.clusters.map((entry) => ({ ...entry, skipTLSVerify: true }));
  }
  let cached: { readonly until: number; readonly value: Promise<Credentials> } | undefined;
  return {
    server,
    origin,
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? 'default',
    credentials: () => {
      if (cached === undefined || cached.until < performance.now()) {
        cached = { until: performance.now() + REFRESH_MS, value: readCredentials(config) };
        cached.value.catch(() => {
          cached = undefined;
        });
      }
      return cached.value;
    },
  };
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/** In the order in which the library looks. */
function originOf(kubeconfig: string | undefined): string | undefined {
  if (kubeconfig !== undefined) return kubeconfig;
  const named = (process.env['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '');
  if (named.length > 0) return named.join(delimiter);
  if (existsSync(join(homedir(), '.kube', 'config'))) return '~/.kube/config';
  return existsSync(SERVICE_ACCOUNT) ? 'the service account of this pod' : undefined;
}

async function readCredentials(config: KubeConfig): Promise<Credentials> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (value !== undefined) headers[name] = String(value);
  }
  if (typeof options.auth === 'string') {
    headers['Authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  }
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  return {
    headers,
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(servername === undefined ? {} : { servername }),
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    },
  };
}
