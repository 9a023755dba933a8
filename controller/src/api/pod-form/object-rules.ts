import { labelKey, labelValue, quantityOf } from './formats.js';

type Fields = { readonly [field: string]: unknown };
/** A problem with an object, and the field below it at which it is. */
interface ObjectProblem {
  readonly field: string;
  readonly problem: string;
}
type ObjectRule = (object: Fields) => readonly ObjectProblem[];

const at = (field: string, problem: string): ObjectProblem => ({ field, problem });
const given = (object: Fields, fields: readonly string[]) =>
  fields.filter((field) => object[field] !== undefined && object[field] !== null);

/** Exactly one of these, or at most one. */
const one =
  (fields: readonly string[], least: 0 | 1): ObjectRule =>
  (object) => {
    const [first, second] = given(object, fields);
    if (second !== undefined)
      return [at(second, `is a second choice beside ${first}: leave one of them out`)];
    return first === undefined && least === 1
      ? [at('', `says nothing: give it one of ${fields.join(', ')}`)]
      : [];
  };
const HANDLERS = ['exec', 'grpc', 'httpGet', 'sleep', 'tcpSocket'];
const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe'];
const isNamedOnce: ObjectRule = ({ name }) =>
  name === undefined || name === '' ? [at('name', 'is missing')] : [];

const toleration: ObjectRule = ({
  key = '',
  operator = 'Equal',
  value = '',
  effect = '',
  tolerationSeconds,
}) => [
  ...(operator !== 'Equal' && operator !== 'Exists'
    ? [at('operator', 'is not known: write Equal or Exists')]
    : []),
  ...(key === '' && operator !== 'Exists'
    ? [at('key', 'is missing: only operator Exists goes without')]
    : []),
  ...(key !== '' && typeof key === 'string' && labelKey(key) !== undefined
    ? [at('key', labelKey(key) ?? '')]
    : []),
  ...(operator === 'Exists' && value !== ''
    ? [at('value', 'says nothing with operator Exists: leave it out')]
    : []),
  ...(typeof value === 'string' && labelValue(value) !== undefined
    ? [at('value', labelValue(value) ?? '')]
    : []),
  ...(effect !== '' && !['NoSchedule', 'PreferNoSchedule', 'NoExecute'].includes(String(effect))
    ? [at('effect', 'is not known: write NoSchedule, PreferNoSchedule or NoExecute')]
    : []),
  ...(tolerationSeconds !== undefined && effect !== 'NoExecute'
    ? [at('tolerationSeconds', 'needs effect NoExecute')]
    : []),
];

const resources: ObjectRule = ({ limits, requests }) =>
  Object.entries((requests ?? {}) as Fields)
    .filter(([name, amount]) => {
      const limit = quantityOf((limits as Fields | undefined)?.[name]);
      const request = quantityOf(amount);
      return limit !== undefined && request !== undefined && request > limit;
    })
    .map(([name]) => at(`requests.${name}`, `is more than limits.${name}: request at most the limit`));

/** What a container may have: init containers that do not go on beside the others are neither probed nor told. */
const container: ObjectRule = (object) =>
  given(object, ['livenessProbe', 'startupProbe'])
    .filter((field) => {
      const { successThreshold } = object[field] as { readonly successThreshold?: unknown };
      return typeof successThreshold === 'number' && successThreshold > 1;
    })
    .map((field) => at(`${field}.successThreshold`, 'can only be 1 in this probe'));
export const initContainer: ObjectRule = (object) =>
  object['restartPolicy'] === 'Always'
    ? []
    : given(object, [...PROBES, 'lifecycle']).map((field) =>
        at(field, 'is not for init containers: leave it out, or set restartPolicy: Always'),
      );

/** By type. */
export const OBJECT_RULES: Readonly<Record<string, ObjectRule>> = {
  V1Container: container,
  V1Toleration: toleration,
  V1ResourceRequirements: resources,
  V1Probe: one(HANDLERS, 1),
  V1LifecycleHandler: one(HANDLERS, 1),
  V1EnvVar: ({ value, valueFrom }) =>
    valueFrom !== undefined && value !== undefined && value !== ''
      ? [at('valueFrom', 'is a second choice beside value: leave one of them out')]
      : [],
  V1EnvVarSource: one(['configMapKeyRef', 'fieldRef', 'fileKeyRef', 'resourceFieldRef', 'secretKeyRef'], 1),
  V1EnvFromSource: one(['configMapRef', 'secretRef'], 1),
  V1VolumeMount: one(['subPath', 'subPathExpr'], 0),
  V1VolumeProjection: one(
    ['clusterTrustBundle', 'configMap', 'downwardAPI', 'podCertificate', 'secret', 'serviceAccountToken'],
    1,
  ),
  V1DownwardAPIVolumeFile: one(['fieldRef', 'resourceFieldRef'], 1),
  V1Volume: (object) =>
    one(
      Object.keys(object).filter((field) => field !== 'name'),
      0,
    )(object),
  V1SecretVolumeSource: ({ secretName }) =>
    secretName === undefined ? [at('secretName', 'is missing')] : [],
  V1ConfigMapVolumeSource: isNamedOnce,
  V1SecretKeySelector: isNamedOnce,
  V1ConfigMapKeySelector: isNamedOnce,
  V1SecretEnvSource: isNamedOnce,
  V1ConfigMapEnvSource: isNamedOnce,
  V1SecretProjection: isNamedOnce,
  V1ConfigMapProjection: isNamedOnce,
  V1EphemeralVolumeSource: ({ volumeClaimTemplate }) =>
    volumeClaimTemplate === undefined ? [at('volumeClaimTemplate', 'is missing')] : [],
  V1PodSpec: ({ dnsPolicy, dnsConfig }) =>
    dnsPolicy === 'None' &&
    !((dnsConfig as Fields | undefined)?.['nameservers'] as unknown[] | undefined)?.length
      ? [at('dnsConfig.nameservers', 'is missing: dnsPolicy None needs at least one')]
      : [],
};
