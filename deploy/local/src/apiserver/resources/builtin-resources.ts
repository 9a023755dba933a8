import { builtinColumns } from '../table/builtin-columns.js';
import { builtinSchema } from '../schema/builtin-schema.js';
import * as strategies from './builtin-strategies.js';
import { customResourceDefinition } from './definition-strategy.js';
import { eventToServed, eventToStored } from './event-conversion.js';
import { validatingAdmissionPolicy, validatingAdmissionPolicyBinding } from './policy-strategy.js';
import { podStrategy } from './pod-strategy.js';
import {
  allVerbs,
  apiVersionOf,
  type ResourceType,
  type ScalePaths,
  type Strategy,
} from './resource-type.js';

interface Row {
  kind: string;
  resource: string;
  short?: string[];
  /** Model name of @kubernetes/client-node when it is not `V1<kind>`. */
  model?: string;
  cluster?: boolean;
  categories?: string[];
  subresources?: string[];
  strategy?: Strategy;
  scale?: ScalePaths;
  fields?: string[];
}

const replicaScale: ScalePaths = {
  specReplicas: ['spec', 'replicas'],
  statusReplicas: ['status', 'replicas'],
  selector: ['spec', 'selector'],
};

const eventFields = [
  'involvedObject.kind',
  'involvedObject.namespace',
  'involvedObject.name',
  'involvedObject.uid',
  'involvedObject.apiVersion',
  'involvedObject.resourceVersion',
  'involvedObject.fieldPath',
  'reason',
  'reportingComponent',
  'source',
  'type',
];

const all = ['all'];

const groups: { group: string; version: string; rows: Row[] }[] = [
  {
    group: '',
    version: 'v1',
    rows: [
      {
        kind: 'Namespace',
        resource: 'namespaces',
        short: ['ns'],
        cluster: true,
        subresources: ['status', 'finalize'],
        strategy: strategies.namespace,
        fields: ['status.phase'],
      },
      {
        kind: 'Pod',
        resource: 'pods',
        short: ['po'],
        categories: all,
        subresources: ['status', 'log', 'binding', 'eviction'],
        strategy: podStrategy,
        fields: [
          'spec.nodeName',
          'spec.restartPolicy',
          'spec.schedulerName',
          'spec.serviceAccountName',
          'status.phase',
          'status.podIP',
          'status.nominatedNodeName',
        ],
      },
      {
        kind: 'Node',
        resource: 'nodes',
        short: ['no'],
        cluster: true,
        subresources: ['status'],
        strategy: strategies.node,
        fields: ['spec.unschedulable'],
      },
      { kind: 'ConfigMap', resource: 'configmaps', short: ['cm'], strategy: strategies.configMap },
      { kind: 'Secret', resource: 'secrets', strategy: strategies.secret, fields: ['type'] },
      {
        kind: 'Service',
        resource: 'services',
        short: ['svc'],
        categories: all,
        subresources: ['status'],
        strategy: strategies.service,
        fields: ['spec.clusterIP', 'spec.type'],
      },
      { kind: 'Endpoints', resource: 'endpoints', short: ['ep'] },
      { kind: 'ServiceAccount', resource: 'serviceaccounts', short: ['sa'], subresources: ['token'] },
      { kind: 'Event', resource: 'events', short: ['ev'], model: 'CoreV1Event', fields: eventFields },
      {
        kind: 'PersistentVolumeClaim',
        resource: 'persistentvolumeclaims',
        short: ['pvc'],
        subresources: ['status'],
        strategy: strategies.withStatus,
      },
      {
        kind: 'PersistentVolume',
        resource: 'persistentvolumes',
        short: ['pv'],
        cluster: true,
        subresources: ['status'],
        strategy: strategies.withStatus,
      },
      {
        kind: 'ResourceQuota',
        resource: 'resourcequotas',
        short: ['quota'],
        subresources: ['status'],
        strategy: strategies.withStatus,
      },
      { kind: 'LimitRange', resource: 'limitranges', short: ['limits'], strategy: strategies.limitRange },
    ],
  },
  {
    group: 'apps',
    version: 'v1',
    rows: [
      {
        kind: 'Deployment',
        resource: 'deployments',
        short: ['deploy'],
        categories: all,
        subresources: ['status', 'scale'],
        strategy: strategies.workload,
        scale: replicaScale,
      },
      {
        kind: 'StatefulSet',
        resource: 'statefulsets',
        short: ['sts'],
        categories: all,
        subresources: ['status', 'scale'],
        strategy: strategies.workload,
        scale: replicaScale,
      },
      {
        kind: 'ReplicaSet',
        resource: 'replicasets',
        short: ['rs'],
        categories: all,
        subresources: ['status', 'scale'],
        strategy: strategies.workload,
        scale: replicaScale,
      },
      {
        kind: 'DaemonSet',
        resource: 'daemonsets',
        short: ['ds'],
        categories: all,
        subresources: ['status'],
        strategy: strategies.workload,
      },
    ],
  },
  {
    group: 'batch',
    version: 'v1',
    rows: [
      { kind: 'Job', resource: 'jobs', categories: all, subresources: ['status'], strategy: strategies.job },
      {
        kind: 'CronJob',
        resource: 'cronjobs',
        short: ['cj'],
        categories: all,
        subresources: ['status'],
        strategy: strategies.specWithGeneration,
      },
    ],
  },
  { group: 'coordination.k8s.io', version: 'v1', rows: [{ kind: 'Lease', resource: 'leases' }] },
  {
    group: 'rbac.authorization.k8s.io',
    version: 'v1',
    rows: [
      { kind: 'Role', resource: 'roles', strategy: strategies.rbac },
      { kind: 'ClusterRole', resource: 'clusterroles', cluster: true, strategy: strategies.rbac },
      { kind: 'RoleBinding', resource: 'rolebindings', strategy: strategies.rbac },
      {
        kind: 'ClusterRoleBinding',
        resource: 'clusterrolebindings',
        cluster: true,
        strategy: strategies.rbac,
      },
    ],
  },
  {
    group: 'scheduling.k8s.io',
    version: 'v1',
    rows: [{ kind: 'PriorityClass', resource: 'priorityclasses', short: ['pc'], cluster: true }],
  },
  {
    group: 'policy',
    version: 'v1',
    rows: [
      {
        kind: 'PodDisruptionBudget',
        resource: 'poddisruptionbudgets',
        short: ['pdb'],
        subresources: ['status'],
        strategy: strategies.specWithGeneration,
      },
    ],
  },
  {
    group: 'storage.k8s.io',
    version: 'v1',
    rows: [{ kind: 'StorageClass', resource: 'storageclasses', short: ['sc'], cluster: true }],
  },
  {
    group: 'networking.k8s.io',
    version: 'v1',
    rows: [
      {
        kind: 'NetworkPolicy',
        resource: 'networkpolicies',
        short: ['netpol'],
        strategy: { statusSubresource: false, generation: true },
      },
      {
        kind: 'Ingress',
        resource: 'ingresses',
        short: ['ing'],
        subresources: ['status'],
        strategy: { statusSubresource: true, generation: true },
      },
      { kind: 'IngressClass', resource: 'ingressclasses', cluster: true },
    ],
  },
  {
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    rows: [
      {
        kind: 'ValidatingAdmissionPolicy',
        resource: 'validatingadmissionpolicies',
        cluster: true,
        categories: ['api-extensions'],
        subresources: ['status'],
        strategy: validatingAdmissionPolicy,
      },
      {
        kind: 'ValidatingAdmissionPolicyBinding',
        resource: 'validatingadmissionpolicybindings',
        cluster: true,
        categories: ['api-extensions'],
        strategy: validatingAdmissionPolicyBinding,
      },
    ],
  },
  {
    group: 'apiextensions.k8s.io',
    version: 'v1',
    rows: [
      {
        kind: 'CustomResourceDefinition',
        resource: 'customresourcedefinitions',
        short: ['crd', 'crds'],
        cluster: true,
        categories: ['api-extensions'],
        subresources: ['status'],
        strategy: customResourceDefinition,
      },
    ],
  },
];

function toType(group: string, version: string, row: Row): ResourceType {
  const model = row.model ?? `V1${row.kind}`;
  return {
    group,
    version,
    resource: row.resource,
    singular: row.kind.toLowerCase(),
    kind: row.kind,
    listKind: `${row.kind}List`,
    shortNames: row.short ?? [],
    categories: row.categories ?? [],
    namespaced: !row.cluster,
    verbs: allVerbs,
    subresources: row.subresources ?? [],
    bucket: `${group}/${row.resource}`,
    storedApiVersion: apiVersionOf({ group, version }),
    custom: false,
    strategy: row.strategy ?? strategies.plain,
    ...(row.scale ? { scale: row.scale } : {}),
    columns: builtinColumns(row.kind),
    schema: () => builtinSchema(model),
    selectableFields: row.fields ?? [],
  };
}

/** The built-in resources, and events.k8s.io/v1 as another view of the same events. */
export function builtinResources(): ResourceType[] {
  const types = groups.flatMap(({ group, version, rows }) => rows.map((row) => toType(group, version, row)));
  const events = types.find((type) => type.kind === 'Event')!;
  return [
    ...types,
    {
      ...events,
      group: 'events.k8s.io',
      schema: () => builtinSchema('EventsV1Event'),
      toServed: eventToServed,
      toStored: eventToStored,
    },
  ];
}
