import { arrayOr, at, objectOr, objectsOf, textOf, type JsonObject } from '../json.js';
import type { KubeObject } from '../kube-object.js';
import { forbidden, type ErrorSubject } from '../status-error.js';
import type { Store } from '../storage/store.js';

const LABEL = 'pod-security.kubernetes.io/enforce';
const BASELINE_CAPABILITIES = new Set(
  (
    'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID ' +
    'SYS_CHROOT'
  ).split(' '),
);
const RESTRICTED_VOLUMES = new Set(
  'configMap csi downwardAPI emptyDir ephemeral persistentVolumeClaim projected secret'.split(' '),
);

interface Container {
  readonly name: string;
  readonly context: JsonObject;
  readonly ports: JsonObject[];
}

const containersOf = (pod: JsonObject): Container[] =>
  ['containers', 'initContainers', 'ephemeralContainers']
    .flatMap((list) => objectsOf(at(pod, 'spec', list)))
    .map((container) => ({
      name: textOf(container['name']),
      context: objectOr(container['securityContext']),
      ports: objectsOf(container['ports']),
    }));

/** `container "a"`, `containers "a", "b"` */
function named(containers: readonly Container[]): string {
  const names = [...new Set(containers.map(({ name }) => JSON.stringify(name)))];
  return `container${names.length === 1 ? '' : 's'} ${names.join(', ')}`;
}

const capabilities = ({ context }: Container, list: 'add' | 'drop'): string[] =>
  arrayOr(at(context, 'capabilities', list)).map(textOf);

/** One line for each rule that those containers break. */
function broken(
  rule: string,
  containers: readonly Container[],
  breaks: (container: Container) => boolean,
  what: string,
): string[] {
  const found = containers.filter(breaks);
  return found.length === 0 ? [] : [`${rule} (${named(found)} ${what})`];
}

/** As {@link broken}, of a rule that the pod may keep in place of its containers. */
const brokenByBoth: typeof broken = (...rule) =>
  broken(...rule).map((text) => text.replace('(container', '(pod or container'));

/** Rules of `baseline` in whose place stricter ones of `restricted` stand. */
const REPLACED = /^(hostPath volumes|non-default capabilities|seccompProfile) /;

const volumeType = (volume: JsonObject): string => Object.keys(volume).find((key) => key !== 'name') ?? '';

function baselineFaults(pod: JsonObject, containers: readonly Container[]): string[] {
  const spec = objectOr(pod['spec']);
  const shared = ['hostNetwork', 'hostPID', 'hostIPC'].filter((field) => spec[field] === true);
  const hostPaths = objectsOf(spec['volumes']).filter((volume) => volume['hostPath'] !== undefined);
  const seccomp = at(spec, 'securityContext', 'seccompProfile', 'type');
  return [
    ...(shared.length === 0
      ? []
      : [`host namespaces (${shared.map((field) => `${field}=true`).join(', ')})`]),
    ...(hostPaths.length === 0
      ? []
      : [
          `hostPath volumes (volume${hostPaths.length === 1 ? '' : 's'} ${hostPaths.map(({ name }) => JSON.stringify(name)).join(', ')})`,
        ]),
    ...broken(
      'privileged',
      containers,
      ({ context }) => context['privileged'] === true,
      'must not set securityContext.privileged=true',
    ),
    ...broken(
      'hostPort',
      containers,
      ({ ports }) => ports.some(({ hostPort }) => typeof hostPort === 'number' && hostPort !== 0),
      'uses a hostPort',
    ),
    ...broken(
      'non-default capabilities',
      containers,
      (container) => capabilities(container, 'add').some((name) => !BASELINE_CAPABILITIES.has(name)),
      'must not add further capabilities in securityContext.capabilities.add',
    ),
    ...broken(
      'seccompProfile',
      containers,
      ({ context }) => (at(context, 'seccompProfile', 'type') ?? seccomp) === 'Unconfined',
      'must not set securityContext.seccompProfile.type to "Unconfined"',
    ),
    ...broken(
      'procMount',
      containers,
      ({ context }) => ![undefined, 'Default'].includes(context['procMount'] as string | undefined),
      'must not set securityContext.procMount',
    ),
  ];
}

function restrictedFaults(pod: JsonObject, containers: readonly Container[]): string[] {
  const context = objectOr(at(pod, 'spec', 'securityContext'));
  const volumes = objectsOf(at(pod, 'spec', 'volumes')).filter(
    (volume) => !RESTRICTED_VOLUMES.has(volumeType(volume)),
  );
  const isRoot = (value: unknown): boolean => value === 0;
  return [
    ...broken(
      'allowPrivilegeEscalation != false',
      containers,
      (container) => container.context['allowPrivilegeEscalation'] !== false,
      'must set securityContext.allowPrivilegeEscalation=false',
    ),
    ...broken(
      'unrestricted capabilities',
      containers,
      (container) =>
        !capabilities(container, 'drop').includes('ALL') ||
        capabilities(container, 'add').some((name) => name !== 'NET_BIND_SERVICE'),
      'must set securityContext.capabilities.drop=["ALL"]',
    ),
    ...volumes.map(
      (volume) =>
        `restricted volume types (volume ${JSON.stringify(volume['name'])} uses restricted volume type ${JSON.stringify(volumeType(volume))})`,
    ),
    ...brokenByBoth(
      'runAsNonRoot != true',
      containers,
      (container) => (container.context['runAsNonRoot'] ?? context['runAsNonRoot']) !== true,
      'must set securityContext.runAsNonRoot=true',
    ),
    ...broken(
      'runAsUser=0',
      containers,
      (container) => isRoot(container.context['runAsUser'] ?? context['runAsUser']),
      'must not set runAsUser=0',
    ),
    ...brokenByBoth(
      'seccompProfile',
      containers,
      (container) =>
        !['RuntimeDefault', 'Localhost'].includes(
          textOf(at(container.context, 'seccompProfile', 'type') ?? at(context, 'seccompProfile', 'type')),
        ),
      'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"',
    ),
  ];
}

/** Throws StatusError 403 when a new pod breaks the Pod Security Standard that its namespace enforces by label. */
export function checkPodSecurity(pod: KubeObject, store: Store, subject: ErrorSubject): void {
  const space = store.bucket('/namespaces').get('', pod.metadata.namespace ?? '');
  const level = space?.metadata.labels?.[LABEL];
  if (level !== 'baseline' && level !== 'restricted') return;
  const version = space?.metadata.labels?.[`${LABEL}-version`] ?? 'latest';
  const containers = containersOf(pod);
  const baseline = baselineFaults(pod, containers);
  const faults =
    level === 'baseline'
      ? baseline
      : [...baseline.filter((fault) => !REPLACED.test(fault)), ...restrictedFaults(pod, containers)];
  if (faults.length === 0) return;
  throw forbidden(
    subject,
    pod.metadata.name,
    `violates PodSecurity "${level}:${version}": ${faults.join(', ')}`,
  );
}
