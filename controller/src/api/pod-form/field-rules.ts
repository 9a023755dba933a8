import { isIP } from 'node:net';
import {
  dataKey,
  image,
  mountPath,
  objectLabel,
  objectName,
  oneOf,
  portName,
  relativePath,
  variableName,
  type Format,
} from './formats.js';

/** What a value must be beyond its type; gives what is wrong with it. */
export type ValueRule = (value: unknown) => string | undefined;

const text =
  (format: Format): ValueRule =>
  (value) =>
    typeof value === 'string' ? format(value) : undefined;
const within =
  (minimum: number, maximum = 2 ** 31 - 1): ValueRule =>
  (value) =>
    typeof value === 'number' && (value < minimum || value > maximum)
      ? `is out of range: write a number of ${minimum} to ${maximum}`
      : undefined;
const port: ValueRule = (value) => (typeof value === 'string' ? portName(value) : within(1, 65_535)(value));
const address: ValueRule = (value) =>
  typeof value === 'string' && isIP(value) === 0 ? 'is not an IP address' : undefined;
const notEmpty: ValueRule = (value) =>
  value === '' || (Array.isArray(value) && value.length === 0) ? 'is empty: name something' : undefined;
const each =
  (rule: ValueRule): ValueRule =>
  (value) =>
    Array.isArray(value) ? value.map(rule).find((problem) => problem !== undefined) : undefined;
const fileMode = within(0, 0o777);
const FIELDS_OF_POD =
  /^(metadata\.(name|namespace|uid|(labels|annotations)(\['[^']+'\])?)|spec\.(nodeName|serviceAccountName)|status\.(hostIPs?|podIPs?))$/;
const fieldPath: ValueRule = (value) =>
  typeof value === 'string' && !FIELDS_OF_POD.test(value)
    ? 'is not a field that a container can be given: write one such as metadata.name or status.podIP'
    : undefined;
const medium: ValueRule = (value) =>
  typeof value === 'string' && !/^(|Memory|HugePages(-.+)?)$/.test(value)
    ? 'is not known: leave it out, or write Memory'
    : undefined;

const pullPolicy = text(oneOf('Always', 'IfNotPresent', 'Never'));
const probe = (type: string): Record<string, ValueRule> => ({
  [`${type}.initialDelaySeconds`]: within(0),
  [`${type}.timeoutSeconds`]: within(0),
  [`${type}.periodSeconds`]: within(0),
  [`${type}.successThreshold`]: within(0),
  [`${type}.failureThreshold`]: within(0),
  [`${type}.terminationGracePeriodSeconds`]: within(1),
});
const keyRef = (type: string): Record<string, ValueRule> => ({
  [`${type}.name`]: text(objectName),
  [`${type}.key`]: text(dataKey),
});

/** By type and field. */
export const FIELD_RULES: Readonly<Record<string, ValueRule>> = {
  'V1PodSpec.priorityClassName': text(objectName),
  'V1PodSpec.runtimeClassName': text(objectName),
  'V1PodSpec.serviceAccountName': text(objectName),
  'V1PodSpec.dnsPolicy': text(oneOf('ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None')),
  'V1PodDNSConfig.nameservers': each(address),
  'V1PodDNSConfig.searches': each(text((name) => objectName(name.replace(/\.$/, '')))),
  'V1HostAlias.ip': address,
  'V1HostAlias.hostnames': each(text(objectName)),
  'V1LocalObjectReference.name': text(objectName),
  'V1PodSecurityContext.fsGroupChangePolicy': text(oneOf('Always', 'OnRootMismatch')),
  'V1PodSecurityContext.supplementalGroupsPolicy': text(oneOf('Merge', 'Strict')),
  'V1PodSecurityContext.runAsUser': within(0),
  'V1PodSecurityContext.runAsGroup': within(0),
  'V1PodSecurityContext.fsGroup': within(0),
  'V1SecurityContext.runAsUser': within(0),
  'V1SecurityContext.runAsGroup': within(0),
  'V1Container.name': text(objectLabel),
  'V1Container.image': text(image),
  'V1Container.imagePullPolicy': pullPolicy,
  'V1Container.restartPolicy': text(oneOf('Always')),
  'V1Container.terminationMessagePolicy': text(oneOf('File', 'FallbackToLogsOnError')),
  'V1ContainerPort.containerPort': within(1, 65_535),
  'V1ContainerPort.hostPort': within(1, 65_535),
  'V1ContainerPort.name': text(portName),
  'V1ContainerPort.protocol': text(oneOf('TCP', 'UDP', 'SCTP')),
  'V1EnvVar.name': text(variableName),
  'V1EnvFromSource.prefix': (value) => (value === '' ? undefined : text(variableName)(value)),
  'V1ConfigMapEnvSource.name': text(objectName),
  'V1SecretEnvSource.name': text(objectName),
  ...keyRef('V1SecretKeySelector'),
  ...keyRef('V1ConfigMapKeySelector'),
  'V1ObjectFieldSelector.fieldPath': fieldPath,
  ...probe('V1Probe'),
  'V1ExecAction.command': notEmpty,
  'V1HTTPGetAction.port': port,
  'V1HTTPGetAction.scheme': text(oneOf('HTTP', 'HTTPS')),
  'V1TCPSocketAction.port': port,
  'V1GRPCAction.port': within(1, 65_535),
  'V1SleepAction.seconds': within(1),
  'V1Volume.name': text(objectLabel),
  'V1VolumeMount.name': notEmpty,
  'V1VolumeMount.mountPath': text(mountPath),
  'V1VolumeMount.subPath': text(relativePath),
  'V1VolumeMount.subPathExpr': text(relativePath),
  'V1EmptyDirVolumeSource.medium': medium,
  'V1PersistentVolumeClaimVolumeSource.claimName': text(objectName),
  'V1SecretVolumeSource.secretName': text(objectName),
  'V1SecretVolumeSource.defaultMode': fileMode,
  'V1ConfigMapVolumeSource.name': text(objectName),
  'V1ConfigMapVolumeSource.defaultMode': fileMode,
  'V1SecretProjection.name': text(objectName),
  'V1ConfigMapProjection.name': text(objectName),
  'V1ProjectedVolumeSource.defaultMode': fileMode,
  'V1DownwardAPIVolumeSource.defaultMode': fileMode,
  'V1DownwardAPIVolumeFile.path': text(relativePath),
  'V1KeyToPath.key': text(dataKey),
  'V1KeyToPath.path': text(relativePath),
  'V1KeyToPath.mode': fileMode,
  'V1CSIVolumeSource.driver': notEmpty,
  'V1HostPathVolumeSource.path': notEmpty,
  'V1HostPathVolumeSource.type': text(
    oneOf(
      '',
      'DirectoryOrCreate',
      'Directory',
      'FileOrCreate',
      'File',
      'Socket',
      'CharDevice',
      'BlockDevice',
    ),
  ),
};

/** Keys of these lists may stand in them once. */
export const UNIQUE_KEYS: Readonly<Record<string, string>> = {
  'V1PodSpec.volumes': 'name',
  'V1Container.volumeMounts': 'mountPath',
  'V1Container.volumeDevices': 'devicePath',
  'V1Container.ports': 'name',
};
