import type { JsonObject } from '../json.js';
import type { ResourceRegistry } from '../resources/resource-registry.js';
import type { ResourceType } from '../resources/resource-type.js';
import { reviewResources } from '../auth/review-resources.js';

const subresourceKinds: Record<string, { group: string; version: string; kind: string; verbs: string[] }> = {
  scale: { group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: ['get', 'patch', 'update'] },
  eviction: { group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] },
  token: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', verbs: ['create'] },
  binding: { group: '', version: 'v1', kind: 'Binding', verbs: ['create'] },
  log: { group: '', version: 'v1', kind: 'Pod', verbs: ['get'] },
  finalize: { group: '', version: 'v1', kind: 'Namespace', verbs: ['update'] },
};

function subresourceOf(
  type: ResourceType,
  name: string,
): { group: string; version: string; kind: string; verbs: string[] } {
  return (
    subresourceKinds[name] ?? {
      group: type.group,
      version: type.version,
      kind: type.kind,
      verbs: ['get', 'patch', 'update'],
    }
  );
}

/** Every group-version that is served, with its resources, in a stable order (core first). */
function groupVersions(registry: ResourceRegistry): Map<string, ResourceType[]> {
  const result = new Map<string, ResourceType[]>();
  for (const type of [...registry.all(), ...reviewResources]) {
    const key = `${type.group}/${type.version}`;
    const list = result.get(key);
    if (list) list.push(type);
    else result.set(key, [type]);
  }
  return result;
}

/** `APIResourceList` of one group-version; undefined when it is not served. */
export function resourceList(
  registry: ResourceRegistry,
  group: string,
  version: string,
): JsonObject | undefined {
  const types = groupVersions(registry).get(`${group}/${version}`);
  if (!types) return undefined;
  const resources = types.flatMap((type) => [
    {
      name: type.resource,
      singularName: type.singular,
      namespaced: type.namespaced,
      kind: type.kind,
      verbs: type.verbs,
      ...(type.shortNames.length > 0 ? { shortNames: type.shortNames } : {}),
      ...(type.categories.length > 0 ? { categories: type.categories } : {}),
    },
    ...type.subresources.map((name) => {
      const { group: subGroup, version: subVersion, kind, verbs } = subresourceOf(type, name);
      const foreign = subGroup !== type.group || subVersion !== type.version;
      return {
        name: `${type.resource}/${name}`,
        singularName: '',
        namespaced: type.namespaced,
        ...(foreign ? { group: subGroup, version: subVersion } : {}),
        kind,
        verbs,
      };
    }),
  ]);
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: group ? `${group}/${version}` : version,
    resources,
  };
}

function versionsOf(registry: ResourceRegistry): Map<string, string[]> {
  const result = new Map<string, string[]>();
  for (const key of groupVersions(registry).keys()) {
    const [group = '', version = ''] = key.split('/');
    if (!group) continue;
    result.set(group, [...(result.get(group) ?? []), version].sort(newestFirst));
  }
  return result;
}

/** v2 before v1, v1 before v1beta1, beta before alpha. */
export function newestFirst(a: string, b: string): number {
  const rank = (version: string): number[] => {
    const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
    if (!match) return [-1, 0, 0];
    const stage = match[2] === 'alpha' ? 0 : match[2] === 'beta' ? 1 : 2;
    return [stage, Number(match[1]), Number(match[3] ?? 0)];
  };
  const [left, right] = [rank(a), rank(b)];
  for (const [index, value] of left.entries()) if (value !== right[index]) return (right[index] ?? 0) - value;
  return a < b ? -1 : 1;
}

function groupDocument(group: string, versions: string[]): JsonObject {
  const entries = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: entries, preferredVersion: entries[0] };
}

export function groupList(registry: ResourceRegistry): JsonObject {
  const groups = [...versionsOf(registry)].map(([group, versions]) => groupDocument(group, versions));
  return { kind: 'APIGroupList', apiVersion: 'v1', groups };
}

/** `APIGroup` of one group; undefined when it is not served. */
export function groupInfo(registry: ResourceRegistry, group: string): JsonObject | undefined {
  const versions = versionsOf(registry).get(group);
  return versions && { kind: 'APIGroup', apiVersion: 'v1', ...groupDocument(group, versions) };
}

/** The aggregated form (apidiscovery.k8s.io) of /api (`core`) or /apis. */
export function aggregatedDiscovery(
  registry: ResourceRegistry,
  core: boolean,
  apiVersion: string,
): JsonObject {
  const all = groupVersions(registry);
  const groups = core ? new Map([['', ['v1']]]) : versionsOf(registry);
  const items = [...groups].map(([group, versions]) => ({
    metadata: { name: group, creationTimestamp: null },
    versions: versions.map((version) => ({
      version,
      freshness: 'Current',
      resources: (all.get(`${group}/${version}`) ?? []).map(aggregatedResource),
    })),
  }));
  return { kind: 'APIGroupDiscoveryList', apiVersion, metadata: {}, items };
}

function aggregatedResource(type: ResourceType): JsonObject {
  return {
    resource: type.resource,
    responseKind: { group: type.group, version: type.version, kind: type.kind },
    scope: type.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: type.singular,
    verbs: type.verbs,
    ...(type.shortNames.length > 0 ? { shortNames: type.shortNames } : {}),
    ...(type.categories.length > 0 ? { categories: type.categories } : {}),
    ...(type.subresources.length > 0
      ? {
          subresources: type.subresources.map((name) => {
            const { group, version, kind, verbs } = subresourceOf(type, name);
            return { subresource: name, responseKind: { group, version, kind }, verbs };
          }),
        }
      : {}),
  };
}
