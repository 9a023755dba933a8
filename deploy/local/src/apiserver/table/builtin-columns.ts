import { at, objectOr, objectsOf, type JsonObject, textOf } from '../json.js';
import type { ColumnDefinition } from '../resources/resource-type.js';
import { ageOf, humanDuration } from './human-duration.js';
import { podColumns } from './pod-columns.js';

type Cell = ColumnDefinition['cell'];

const column = (name: string, cell: Cell, priority = 0, type = 'string'): ColumnDefinition => ({
  name,
  type,
  priority,
  ...(name === 'Name' ? { format: 'name' } : {}),
  cell,
});

const name = column('Name', (object) => at(object, 'metadata', 'name'));
const age = column('Age', (object, now) => ageOf(at(object, 'metadata', 'creationTimestamp'), now));
const value =
  (...path: string[]): Cell =>
  (object) =>
    at(object, ...path) ?? '<none>';
const number =
  (...path: string[]): Cell =>
  (object) =>
    at(object, ...path) ?? 0;
const count =
  (...path: string[]): Cell =>
  (object) =>
    Object.keys(objectOr(at(object, ...path))).length;

function nodeStatus(object: JsonObject): string {
  const ready = objectsOf(at(object, 'status', 'conditions')).find(
    (condition) => condition['type'] === 'Ready',
  );
  const state = !ready ? 'Unknown' : ready['status'] === 'True' ? 'Ready' : 'NotReady';
  return at(object, 'spec', 'unschedulable') === true ? `${state},SchedulingDisabled` : state;
}

function nodeRoles(object: JsonObject): string {
  const prefix = 'node-role.kubernetes.io/';
  const roles = Object.keys(objectOr(at(object, 'metadata', 'labels'))).filter((key) =>
    key.startsWith(prefix),
  );
  return (
    roles
      .map((key) => key.slice(prefix.length))
      .sort()
      .join(',') || '<none>'
  );
}

const nodeAddress =
  (type: string): Cell =>
  (object) =>
    objectsOf(at(object, 'status', 'addresses')).find((address) => address['type'] === type)?.['address'] ??
    '<none>';

function selectorText(selector: unknown): string {
  const labels = Object.entries(objectOr(objectOr(selector)['matchLabels'] ?? selector));
  return labels.map(([key, label]) => `${key}=${textOf(label)}`).join(',') || '<none>';
}

const servicePorts: Cell = (object) =>
  objectsOf(at(object, 'spec', 'ports'))
    .map((port) => `${textOf(port['port'])}/${textOf(port['protocol'] ?? 'TCP')}`)
    .join(',') || '<none>';

const images: Cell = (object) =>
  objectsOf(at(object, 'spec', 'template', 'spec', 'containers'))
    .map((container) => textOf(container['image']))
    .join(',');

const eventSource: Cell = (object) =>
  at(object, 'source', 'component') ?? at(object, 'reportingComponent') ?? '';

const eventObject: Cell = (object) => {
  const kind = at(object, 'involvedObject', 'kind') ?? at(object, 'regarding', 'kind');
  const subject = at(object, 'involvedObject', 'name') ?? at(object, 'regarding', 'name');
  return `${textOf(kind).toLowerCase()}/${textOf(subject)}`;
};

const eventLast: Cell = (object, now) =>
  ageOf(
    at(object, 'series', 'lastObservedTime') ??
      at(object, 'lastTimestamp') ??
      at(object, 'deprecatedLastTimestamp') ??
      at(object, 'eventTime') ??
      at(object, 'metadata', 'creationTimestamp'),
    now,
  );

const jobDuration: Cell = (object, now) => {
  const start = Date.parse(textOf(at(object, 'status', 'startTime')));
  const end = Date.parse(textOf(at(object, 'status', 'completionTime')));
  return Number.isNaN(start) ? '' : humanDuration((Number.isNaN(end) ? now : end) - start);
};

const replicas =
  (ready: string): Cell =>
  (object) =>
    `${textOf(at(object, 'status', ready) ?? 0)}/${textOf(at(object, 'spec', 'replicas') ?? 0)}`;

const roleRef: Cell = (object) =>
  `${textOf(at(object, 'roleRef', 'kind'))}/${textOf(at(object, 'roleRef', 'name'))}`;

const byKind: Record<string, ColumnDefinition[]> = {
  Pod: podColumns,
  Namespace: [name, column('Status', value('status', 'phase')), age],
  Node: [
    name,
    column('Status', nodeStatus),
    column('Roles', nodeRoles),
    age,
    column('Version', value('status', 'nodeInfo', 'kubeletVersion')),
    column('Internal-IP', nodeAddress('InternalIP'), 1),
    column('External-IP', nodeAddress('ExternalIP'), 1),
    column('OS-Image', value('status', 'nodeInfo', 'osImage'), 1),
    column('Kernel-Version', value('status', 'nodeInfo', 'kernelVersion'), 1),
    column('Container-Runtime', value('status', 'nodeInfo', 'containerRuntimeVersion'), 1),
  ],
  ConfigMap: [name, column('Data', count('data'), 0, 'integer'), age],
  Secret: [name, column('Type', value('type')), column('Data', count('data'), 0, 'integer'), age],
  Service: [
    name,
    column('Type', value('spec', 'type')),
    column('Cluster-IP', value('spec', 'clusterIP')),
    column('External-IP', value('spec', 'externalName')),
    column('Port(s)', servicePorts),
    age,
    column('Selector', (object) => selectorText(at(object, 'spec', 'selector')), 1),
  ],
  ServiceAccount: [
    name,
    column('Secrets', (object) => objectsOf(object['secrets']).length, 0, 'integer'),
    age,
  ],
  Event: [
    column('Last Seen', eventLast),
    column('Type', value('type')),
    column('Reason', value('reason')),
    column('Object', eventObject),
    column('Subobject', value('involvedObject', 'fieldPath'), 1),
    column('Source', eventSource, 1),
    column('Message', (object) => textOf(object['message'] ?? object['note'] ?? '').trim()),
    column('First Seen', (object, now) => ageOf(object['firstTimestamp'] ?? object['eventTime'], now), 1),
    column('Count', (object) => object['count'] ?? 1, 1),
    column('Name', (object) => at(object, 'metadata', 'name'), 1),
  ],
  Deployment: [
    name,
    column('Ready', replicas('readyReplicas')),
    column('Up-to-date', number('status', 'updatedReplicas')),
    column('Available', number('status', 'availableReplicas')),
    age,
    column('Images', images, 1),
    column('Selector', (object) => selectorText(at(object, 'spec', 'selector')), 1),
  ],
  StatefulSet: [name, column('Ready', replicas('readyReplicas')), age, column('Images', images, 1)],
  ReplicaSet: [
    name,
    column('Desired', number('spec', 'replicas')),
    column('Current', number('status', 'replicas')),
    column('Ready', number('status', 'readyReplicas')),
    age,
  ],
  Job: [
    name,
    column('Status', (object) => jobState(object)),
    column(
      'Completions',
      (object) =>
        `${textOf(at(object, 'status', 'succeeded') ?? 0)}/${textOf(at(object, 'spec', 'completions') ?? 1)}`,
    ),
    column('Duration', jobDuration),
    age,
  ],
  Lease: [name, column('Holder', (object) => at(object, 'spec', 'holderIdentity') ?? ''), age],
  Role: [name, column('Created At', value('metadata', 'creationTimestamp'))],
  ClusterRole: [name, column('Created At', value('metadata', 'creationTimestamp'))],
  RoleBinding: [name, column('Role', roleRef), age],
  ClusterRoleBinding: [name, column('Role', roleRef), age],
  PriorityClass: [
    name,
    column('Value', number('value'), 0, 'integer'),
    column('Global-Default', (object) => object['globalDefault'] ?? false, 0, 'boolean'),
    age,
    column('PreemptionPolicy', (object) => object['preemptionPolicy'] ?? 'PreemptLowerPriority'),
  ],
  PodDisruptionBudget: [
    name,
    column('Min Available', (object) => at(object, 'spec', 'minAvailable') ?? 'N/A'),
    column('Max Unavailable', (object) => at(object, 'spec', 'maxUnavailable') ?? 'N/A'),
    column('Allowed Disruptions', number('status', 'disruptionsAllowed')),
    age,
  ],
  PersistentVolumeClaim: [
    name,
    column('Status', (object) => at(object, 'status', 'phase') ?? ''),
    column('Volume', (object) => at(object, 'spec', 'volumeName') ?? ''),
    column('Capacity', (object) => at(object, 'status', 'capacity', 'storage') ?? ''),
    column('StorageClass', (object) => at(object, 'spec', 'storageClassName') ?? ''),
    age,
  ],
  StorageClass: [name, column('Provisioner', value('provisioner')), age],
  CustomResourceDefinition: [name, column('Created At', value('metadata', 'creationTimestamp'))],
};

function jobState(object: JsonObject): string {
  const met = objectsOf(at(object, 'status', 'conditions')).filter(
    (condition) => condition['status'] === 'True',
  );
  return textOf(
    met.find((condition) => condition['type'] === 'Complete' || condition['type'] === 'Failed')?.['type'] ??
      'Running',
  );
}

/** Table columns of a built-in kind, as `kubectl get` shows them on a real cluster. */
export function builtinColumns(kind: string): readonly ColumnDefinition[] {
  return byKind[kind] ?? [name, age];
}
