import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export interface KubeconfigParts {
  url: string;
  /** PEM of the authority that signed the server's certificate; undefined for plain HTTP. */
  authority?: string | undefined;
  token?: string | undefined;
  /** PEM of a client certificate and its key. */
  client?: { certificate: string; key: string } | undefined;
}

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

/** A kubeconfig with one cluster, user and context, all named `tuneyard`, as JSON (which is YAML). */
export function kubeconfigText(parts: KubeconfigParts): string {
  const cluster = {
    server: parts.url,
    // Some clients refuse plain HTTP unless the user has said that the server need not prove who it is.
    ...(parts.authority
      ? { 'certificate-authority-data': base64(parts.authority) }
      : { 'insecure-skip-tls-verify': true }),
  };
  const user = {
    ...(parts.token ? { token: parts.token } : {}),
    ...(parts.client
      ? {
          'client-certificate-data': base64(parts.client.certificate),
          'client-key-data': base64(parts.client.key),
        }
      : {}),
  };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'tuneyard', cluster }],
    users: [{ name: 'tuneyard', user }],
    contexts: [
      { name: 'tuneyard', context: { cluster: 'tuneyard', user: 'tuneyard', namespace: 'default' } },
    ],
    'current-context': 'tuneyard',
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** Writes a file that only its owner can read: it holds credentials. */
export function writePrivateFile(file: string, text: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text, { mode: 0o600 });
}
