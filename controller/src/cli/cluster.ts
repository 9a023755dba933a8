import { ApiError, ConnectionError, UserError } from '../errors.js';
import { KubeClient, loadConnection, type Connection } from '../kube/index.js';

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
  try {
    return await use({ client, namespace });
  } catch (error) {
    throw inPlainWords(error, connection);
  } finally {
    client.close();
  }
}

function inPlainWords(error: unknown, { server: { origin: server }, origin }: Connection): unknown {
  if (error instanceof ConnectionError) {
    const hint =
      origin === undefined
        ? 'no kubeconfig was found, so the usual local address was tried: name a kubeconfig with --kubeconfig or KUBECONFIG, or write ~/.kube/config'
        : `the address comes from ${origin}: start that server, or name another kubeconfig with --kubeconfig or KUBECONFIG`;
    return new UserError(`cannot reach ${server}: ${error.message}; ${hint}`, { cause: error });
  }
  if (error instanceof ApiError)
    return new UserError(`${server} refuses: ${error.message}`, { cause: error });
  return error;
}
