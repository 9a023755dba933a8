import { at, objectOr, objectsOf, stringOr } from '../apiserver/json.js';
import type { KubeObject } from '../apiserver/kube-object.js';
import { parseQuantity } from '../quantity.js';
import { KubeError, type KubeClient } from '../kube-client/kube-client.js';
import { ContainerConfigError } from './container-config-error.js';

/** Address that pods of local processes have. */
export const podIp = '127.0.0.1';

/** Contents of a ConfigMap or Secret as bytes by key; undefined when it is missing and may be. */
export async function readData(
  client: KubeClient,
  namespace: string,
  kind: 'configmaps' | 'secrets',
  name: string,
  optional: boolean,
): Promise<Map<string, Buffer> | undefined> {
  let object: KubeObject;
  try {
    object = await client.get(`/api/v1/namespaces/${namespace}/${kind}/${name}`);
  } catch (error) {
    if (!(error instanceof KubeError && error.code === 404)) throw error;
    if (optional) return undefined;
    throw new ContainerConfigError(`${kind === 'secrets' ? 'secret' : 'configmap'} "${name}" not found`);
  }
  const result = new Map<string, Buffer>();
  const isSecret = kind === 'secrets';
  for (const [key, value] of Object.entries(objectOr(object['data']))) {
    result.set(key, Buffer.from(String(value), isSecret ? 'base64' : 'utf8'));
  }
  for (const [key, value] of Object.entries(objectOr(object['binaryData']))) {
    result.set(key, Buffer.from(String(value), 'base64'));
  }
  return result;
}

/** Value of a downward API field; undefined for one that is not supported. */
export function podField(pod: KubeObject, fieldPath: string): string | undefined {
  const keyed = /^metadata\.(labels|annotations)\['([^']*)'\]$/.exec(fieldPath);
  if (keyed)
    return (keyed[1] === 'labels' ? pod.metadata.labels : pod.metadata.annotations)?.[keyed[2]!] ?? '';
  switch (fieldPath) {
    case 'metadata.name':
      return pod.metadata.name;
    case 'metadata.namespace':
      return pod.metadata.namespace ?? '';
    case 'metadata.uid':
      return pod.metadata.uid;
    case 'metadata.labels':
      return lines(pod.metadata.labels);
    case 'metadata.annotations':
      return lines(pod.metadata.annotations);
    case 'spec.nodeName':
      return stringOr(at(pod, 'spec', 'nodeName'), '');
    case 'spec.serviceAccountName':
      return stringOr(at(pod, 'spec', 'serviceAccountName'), '');
    case 'status.podIP':
    case 'status.podIPs':
    case 'status.hostIP':
    case 'status.hostIPs':
      return podIp;
    default:
      return undefined;
  }
}

const lines = (pairs: Record<string, string> | undefined): string =>
  Object.entries(pairs ?? {})
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');

/** Value of a resourceFieldRef such as `limits.memory`, divided and rounded up as Kubernetes does it. */
export function resourceField(
  pod: KubeObject,
  container: string,
  resource: string,
  divisor: unknown,
): string {
  const all = [...objectsOf(at(pod, 'spec', 'containers')), ...objectsOf(at(pod, 'spec', 'initContainers'))];
  const named = all.find((candidate) => candidate['name'] === container);
  const [kind = '', ...rest] = resource.split('.');
  const amount = parseQuantity(objectOr(at(named, 'resources', kind))[rest.join('.')] ?? 0);
  const by = parseQuantity(divisor ?? 1) || 1;
  return String(Math.ceil(amount / by - 1e-9));
}
