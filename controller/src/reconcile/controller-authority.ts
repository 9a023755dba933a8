import {
  createControllerAuthority,
  restoreControllerAuthority,
  type Authority,
  type Identity,
} from '../certificates/index.js';
import { UserError } from '../errors.js';
import type { Clock, KubeClient, KubeObject } from '../kube/index.js';
import { isAlreadyExists, isNotFound } from '../kube/index.js';
import { SECRETS } from './kinds.js';
import { fromSecretData, toSecretData } from './secret-data.js';

interface SecretObject extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

/** Name of the Secret that holds the key from which the certificates and tokens of all jobs follow. */
export const AUTHORITY_SECRET = 'tuneyard-authority';

/**
 * The authority of this installation, from its Secret; made by whichever replica comes first.
 * @throws UserError when the Secret holds something else
 */
export async function loadControllerAuthority(
  client: KubeClient,
  namespace: string,
  clock: Clock,
): Promise<Authority> {
  const stored = await read(client, namespace);
  if (stored !== undefined) return stored;
  const made = createControllerAuthority(clock.now());
  const { certificate, key } = made;
  try {
    await client.create(SECRETS, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name: AUTHORITY_SECRET,
        namespace,
        labels: { 'app.kubernetes.io/managed-by': 'tuneyard' },
      },
      type: 'Opaque',
      data: toSecretData({ certificate, key }),
    } as KubeObject);
    return made;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    return (await read(client, namespace)) ?? Promise.reject(error);
  }
}

async function read(client: KubeClient, namespace: string): Promise<Authority | undefined> {
  let data: Partial<Identity>;
  try {
    const secret = await client.get<SecretObject>(SECRETS, { name: AUTHORITY_SECRET, namespace });
    data = fromSecretData(secret.data ?? {});
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
  const { certificate = '', key = '' } = data;
  try {
    return restoreControllerAuthority({ certificate, key });
  } catch (error) {
    throw new UserError(
      `secret ${namespace}/${AUTHORITY_SECRET} is damaged (${error instanceof Error ? error.message : String(error)}): delete it while no job runs, and a new one is made`,
      { cause: error },
    );
  }
}
