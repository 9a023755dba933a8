import { objectOr, objectsOf, stringOr, isObject, type JsonObject } from '../apiserver/json.js';
import type { KubeObject } from '../apiserver/kube-object.js';
import type { KubeClient } from '../kube-client/kube-client.js';
import { ContainerConfigError } from './container-config-error.js';
import { podField, readData, resourceField } from './pod-source.js';

/** What processes get of the agent's own environment: nothing that could hold a credential. */
const inherited = ['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'];

const nameRule = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

/** Environment of a container: envFrom, then env in order, with `$(NAME)` references expanded. */
export async function containerEnvironment(
  client: KubeClient,
  pod: KubeObject,
  container: JsonObject,
  pathPrepend: readonly string[],
): Promise<Record<string, string>> {
  const result: Record<string, string> = {};
  for (const name of inherited) {
    const value = process.env[name];
    if (value !== undefined) result[name] = value;
  }
  result['PATH'] = [...pathPrepend, process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'].join(':');
  result['HOSTNAME'] = pod.metadata.name;
  for (const source of objectsOf(container['envFrom']))
    Object.assign(result, await fromSource(client, pod, source));
  for (const variable of objectsOf(container['env'])) {
    const name = stringOr(variable['name'], '');
    const value = isObject(variable['valueFrom'])
      ? await resolve(client, pod, container, variable['valueFrom'])
      : expand(stringOr(variable['value'], ''), result);
    if (value !== undefined) result[name] = value;
  }
  return result;
}

async function fromSource(
  client: KubeClient,
  pod: KubeObject,
  source: JsonObject,
): Promise<Record<string, string>> {
  const isSecret = isObject(source['secretRef']);
  const reference = objectOr(source['secretRef'] ?? source['configMapRef']);
  const name = stringOr(reference['name'], '');
  const kind = isSecret ? 'secrets' : 'configmaps';
  const data = await readData(
    client,
    pod.metadata.namespace ?? '',
    kind,
    name,
    reference['optional'] === true,
  );
  const prefix = stringOr(source['prefix'], '');
  const result: Record<string, string> = {};
  for (const [key, value] of data ?? [])
    if (nameRule.test(prefix + key)) result[prefix + key] = value.toString('utf8');
  return result;
}

async function resolve(
  client: KubeClient,
  pod: KubeObject,
  container: JsonObject,
  from: JsonObject,
): Promise<string | undefined> {
  const { fieldRef, resourceFieldRef, secretKeyRef, configMapKeyRef } = from;
  if (isObject(fieldRef)) {
    const value = podField(pod, stringOr(fieldRef['fieldPath'], ''));
    if (value === undefined)
      throw new ContainerConfigError(`unsupported fieldPath: ${stringOr(fieldRef['fieldPath'], '')}`);
    return value;
  }
  if (isObject(resourceFieldRef)) {
    const of = stringOr(resourceFieldRef['containerName'], stringOr(container['name'], ''));
    return resourceField(pod, of, stringOr(resourceFieldRef['resource'], ''), resourceFieldRef['divisor']);
  }
  const reference = objectOr(secretKeyRef ?? configMapKeyRef);
  const kind = isObject(secretKeyRef) ? 'secrets' : 'configmaps';
  const optional = reference['optional'] === true;
  const name = stringOr(reference['name'], '');
  const key = stringOr(reference['key'], '');
  const data = await readData(client, pod.metadata.namespace ?? '', kind, name, optional);
  const value = data?.get(key);
  if (value !== undefined) return value.toString('utf8');
  if (optional) return undefined;
  throw new ContainerConfigError(
    `couldn't find key ${key} in ${kind === 'secrets' ? 'Secret' : 'ConfigMap'} ${pod.metadata.namespace}/${name}`,
  );
}

/** Expands `$(NAME)`; `$$(NAME)` stays as `$(NAME)`, unknown names stay as they are. */
export function expand(text: string, variables: Record<string, string>): string {
  return text.replace(/\$\$|\$\(([A-Za-z_][\w.-]*)\)/g, (whole, name: string | undefined) => {
    if (whole === '$$') return '$';
    return variables[name!] ?? whole;
  });
}
