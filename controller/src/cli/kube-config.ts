import { KubeConfig } from '@kubernetes/client-node';
import { UserError } from '../errors.js';

/** The kubeconfig named, or the default one. @throws UserError when it cannot be read. */
export function loadKubeConfig(file: string | undefined): KubeConfig {
  const config = new KubeConfig();
  try {
    if (file === undefined) config.loadFromDefault();
    else config.loadFromFile(file);
  } catch (error) {
    throw new UserError(`kubeconfig ${file ?? '($KUBECONFIG)'} cannot be read: ${(error as Error).message}`);
  }
  return config;
}

export function defaultNamespace(config: KubeConfig): string {
  return config.getContextObject(config.getCurrentContext())?.namespace ?? 'default';
}

/** A failed request in one sentence: the server's own message, or why it could not be asked. */
export function requestFailed(config: KubeConfig, error: unknown): UserError {
  const server = config.getCurrentCluster()?.server ?? 'the API server';
  const { message, cause, body } = error as Error & { body?: unknown };
  const told = messageOf(body);
  if (told !== undefined) return new UserError(`${server} refuses: ${told}`);
  return new UserError(`cannot reach ${server}: ${cause instanceof Error ? cause.message : message}`);
}

function messageOf(body: unknown): string | undefined {
  try {
    const status = (typeof body === 'string' ? JSON.parse(body) : body) as { message?: unknown } | undefined;
    return typeof status?.message === 'string' ? status.message : undefined;
  } catch {
    return undefined;
  }
}
