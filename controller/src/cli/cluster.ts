import { ApiError, ConnectionError, UserError } from '../errors.js';
import { KubeClient, loadConnection } from '../kube/index.js';

/** What every command that talks to a cluster takes. */
export interface ClusterOptions {
  /** Default: that of the kubeconfig's context. */
  readonly namespace?: string;
  /** Default: $KUBECONFIG, then ~/.kube/config. */
  readonly kubeconfig?: string;
}

export interface Cluster {
  readonly client: KubeClient;
  readonly namespace: string;
}

/**
 * Opens the cluster for the time of `use`.
 * @throws UserError when the cluster cannot be reached, naming server and kubeconfig, or refuses, in its own words
 */
export async function withCluster<T>(
  options: ClusterOptions,
  use: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  const connection = loadConnection(options.kubeconfig);
  const namespace = options.namespace ?? connection.namespace;
  const client = new KubeClient(connection, { userAgent: 'tuneyard' });
  const server = connection.server.origin;
  try {
    return await use({ client, namespace });
  } catch (error) {
    throw inPlainWords(error, server, options.kubeconfig);
  } finally {
    client.close();
  }
}

function inPlainWords(error: unknown, server: string, kubeconfig: string | undefined): unknown {
  if (error instanceof ConnectionError) {
    const file = kubeconfig ?? process.env['KUBECONFIG'] ?? '~/.kube/config';
    return new UserError(
      `cannot reach ${server}: ${error.message}; the server comes from ${file}, name another with --kubeconfig or KUBECONFIG`,
      { cause: error },
    );
  }
  if (error instanceof ApiError)
    return new UserError(`${server} refuses: ${error.message}`, { cause: error });
  return error;
}
