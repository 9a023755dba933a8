import type { JsonObject } from '../json.js';

const read = ['get', 'list', 'watch'];
const write = ['create', 'update', 'patch', 'delete', 'deletecollection'];
const commonGroups = [
  '',
  'apps',
  'batch',
  'policy',
  'events.k8s.io',
  'coordination.k8s.io',
  'networking.k8s.io',
];
const readable = [
  'pods',
  'pods/log',
  'pods/status',
  'configmaps',
  'services',
  'endpoints',
  'serviceaccounts',
  'events',
  'persistentvolumeclaims',
  'resourcequotas',
  'limitranges',
  'namespaces',
  'deployments',
  'statefulsets',
  'replicasets',
  'daemonsets',
  'jobs',
  'cronjobs',
  'poddisruptionbudgets',
  'leases',
  'networkpolicies',
];

const viewRules = [{ verbs: read, apiGroups: commonGroups, resources: readable }];
const editRules = [
  ...viewRules,
  {
    verbs: [...read, ...write],
    apiGroups: commonGroups,
    resources: readable.filter((name) => name !== 'namespaces'),
  },
  { verbs: [...read, ...write], apiGroups: [''], resources: ['secrets', 'pods/eviction'] },
];
const adminRules = [
  ...editRules,
  {
    verbs: [...read, ...write],
    apiGroups: ['rbac.authorization.k8s.io'],
    resources: ['roles', 'rolebindings'],
  },
];

type NamedRole = JsonObject & { metadata: { name: string } };

const clusterRole = (name: string, rules: JsonObject[]): NamedRole => ({ metadata: { name }, rules });

/** The ClusterRoles that every cluster has, in a shorter form. */
export const defaultClusterRoles: NamedRole[] = [
  clusterRole('cluster-admin', [
    { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
    { verbs: ['*'], nonResourceURLs: ['*'] },
  ]),
  clusterRole('admin', adminRules),
  clusterRole('edit', editRules),
  clusterRole('view', viewRules),
];
