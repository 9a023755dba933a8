import type { SchemaNode } from './schema-node.js';

/**
 * Which lists of built-in kinds merge by key, as the `+listType=map` and `+patchMergeKey` markers of the Kubernetes
 * types say. Key: `Type.field`, or `*.field` for every type. Lists that are not named here are atomic.
 */
const mapLists: Record<string, string[]> = {
  'V1PodSpec.containers': ['name'],
  'V1PodSpec.initContainers': ['name'],
  'V1PodSpec.ephemeralContainers': ['name'],
  'V1PodSpec.volumes': ['name'],
  'V1PodSpec.imagePullSecrets': ['name'],
  'V1PodSpec.hostAliases': ['ip'],
  'V1PodSpec.resourceClaims': ['name'],
  'V1PodSpec.schedulingGates': ['name'],
  'V1PodSpec.topologySpreadConstraints': ['topologyKey', 'whenUnsatisfiable'],
  'V1Container.env': ['name'],
  'V1Container.ports': ['containerPort', 'protocol'],
  'V1Container.volumeMounts': ['mountPath'],
  'V1Container.volumeDevices': ['devicePath'],
  'V1EphemeralContainer.env': ['name'],
  'V1EphemeralContainer.ports': ['containerPort', 'protocol'],
  'V1EphemeralContainer.volumeMounts': ['mountPath'],
  'V1ResourceRequirements.claims': ['name'],
  'V1PodStatus.podIPs': ['ip'],
  'V1PodStatus.hostIPs': ['ip'],
  'V1NodeStatus.addresses': ['type'],
  'V1ServiceSpec.ports': ['port', 'protocol'],
  'V1ServiceAccount.secrets': ['name'],
  'V1ServiceAccount.imagePullSecrets': ['name'],
  'V1ObjectMeta.ownerReferences': ['uid'],
  '*.conditions': ['type'],
};

const setLists = new Set([
  'V1ObjectMeta.finalizers',
  'V1NodeSpec.podCIDRs',
  'V1PersistentVolumeClaimStatus.accessModes',
]);

const atomicMaps = new Set(['V1PodSpec.nodeSelector', 'V1ServiceSpec.selector']);

const atomicTypes = new Set([
  'V1LabelSelector',
  'V1LocalObjectReference',
  'V1ObjectReference',
  'V1SecretKeySelector',
  'V1ConfigMapKeySelector',
  'V1ObjectFieldSelector',
  'V1ResourceFieldSelector',
  'V1NodeSelector',
  'V1NodeSelectorTerm',
  'V1SecretReference',
  'V1TypedLocalObjectReference',
  'V1RoleRef',
]);

/** List or map semantics of one field of a built-in type. */
export function listKeysOf(typeName: string, field: string): Partial<SchemaNode> {
  const place = `${typeName}.${field}`;
  const keys =
    mapLists[place] ?? (typeName.startsWith('V1NodeSelector') ? undefined : mapLists[`*.${field}`]);
  if (keys) return { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys };
  if (setLists.has(place)) return { 'x-kubernetes-list-type': 'set' };
  if (atomicMaps.has(place)) return { 'x-kubernetes-map-type': 'atomic' };
  return {};
}

/** Keys that a list map item may leave out, and what they then are. */
export const mapKeyDefaults: Record<string, unknown> = { protocol: 'TCP' };

export function structuralOverrides(typeName: string): Partial<SchemaNode> {
  return atomicTypes.has(typeName) ? { 'x-kubernetes-map-type': 'atomic' } : {};
}
