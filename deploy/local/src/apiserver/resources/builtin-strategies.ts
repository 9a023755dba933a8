import { randomBytes } from 'node:crypto';
import { defaultLimitRange } from '../admission/limit-ranges.js';
import { isObject, objectOr, objectsOf, type JsonObject } from '../json.js';
import type { KubeObject } from '../kube-object.js';
import { defaultPodSpec } from './pod-strategy.js';
import type { Strategy } from './resource-type.js';

export const plain: Strategy = { statusSubresource: false, generation: false };
export const withStatus: Strategy = { statusSubresource: true, generation: false };
export const limitRange: Strategy = {
  ...plain,
  prepareCreate: defaultLimitRange,
  prepareUpdate: defaultLimitRange,
};
export const rbac: Strategy = { statusSubresource: false, generation: false, nameRule: 'path' };

export const node: Strategy = { statusSubresource: true, keepStatusOnCreate: true, generation: false };

export const namespace: Strategy = {
  statusSubresource: true,
  generation: false,
  nameRule: 'label',
  prepareCreate(object) {
    object['spec'] = { ...objectOr(object['spec']), finalizers: ['kubernetes'] };
    object['status'] = { phase: 'Active' };
    object.metadata.labels = {
      ...object.metadata.labels,
      'kubernetes.io/metadata.name': object.metadata.name,
    };
  },
  prepareUpdate(object, old) {
    object['spec'] = old['spec'];
  },
};

const encode = (text: unknown): string => Buffer.from(String(text), 'utf8').toString('base64');

function foldStringData(object: KubeObject): void {
  if (!isObject(object['stringData'])) return;
  const encoded = Object.fromEntries(
    Object.entries(object['stringData']).map(([key, text]) => [key, encode(text)]),
  );
  object['data'] = { ...objectOr(object['data']), ...encoded };
  delete object['stringData'];
}

function immutableData(
  object: KubeObject,
  old: KubeObject | undefined,
  fields: string[],
): string | undefined {
  if (old?.['immutable'] !== true) return undefined;
  return fields.find((field) => JSON.stringify(object[field]) !== JSON.stringify(old[field]));
}

export const secret: Strategy = {
  statusSubresource: false,
  generation: false,
  prepareCreate(object) {
    foldStringData(object);
    object['type'] ??= 'Opaque';
  },
  prepareUpdate(object, old) {
    foldStringData(object);
    object['type'] ??= old['type'];
  },
  validate(object, old, causes) {
    const field = immutableData(object, old, ['data', 'type']);
    if (field)
      causes.push({
        reason: 'FieldValueForbidden',
        message: 'Forbidden: field is immutable when `immutable` is set',
        field,
      });
    if (old && old['type'] !== object['type']) {
      causes.push({
        reason: 'FieldValueInvalid',
        message: `Invalid value: ${JSON.stringify(object['type'])}: field is immutable`,
        field: 'type',
      });
    }
  },
};

export const configMap: Strategy = {
  statusSubresource: false,
  generation: false,
  validate(object, old, causes) {
    const field = immutableData(object, old, ['data', 'binaryData']);
    if (field)
      causes.push({
        reason: 'FieldValueForbidden',
        message: 'Forbidden: field is immutable when `immutable` is set',
        field,
      });
  },
};

export const service: Strategy = {
  statusSubresource: true,
  generation: false,
  nameRule: 'label',
  prepareCreate(object) {
    const spec = objectOr(object['spec']);
    object['spec'] = spec;
    spec['type'] ??= 'ClusterIP';
    spec['sessionAffinity'] ??= 'None';
    for (const port of objectsOf(spec['ports'])) {
      port['protocol'] ??= 'TCP';
      port['targetPort'] ??= port['port'];
    }
    if (spec['type'] === 'ExternalName') return;
    const [a = 0, b = 1] = randomBytes(2);
    spec['clusterIP'] ??= `10.96.${a}.${Math.max(1, b)}`;
    spec['clusterIPs'] ??= [spec['clusterIP']];
    spec['ipFamilies'] ??= ['IPv4'];
    spec['ipFamilyPolicy'] ??= 'SingleStack';
    spec['internalTrafficPolicy'] ??= 'Cluster';
    object['status'] = { loadBalancer: {} };
  },
  prepareUpdate(object, old) {
    const spec = objectOr(object['spec']);
    const before = objectOr(old['spec']);
    for (const field of [
      'clusterIP',
      'clusterIPs',
      'ipFamilies',
      'ipFamilyPolicy',
      'type',
      'sessionAffinity',
      'internalTrafficPolicy',
    ]) {
      spec[field] ??= before[field];
    }
    for (const port of objectsOf(spec['ports'])) {
      port['protocol'] ??= 'TCP';
      port['targetPort'] ??= port['port'];
    }
  },
};

function defaultTemplate(object: KubeObject): JsonObject {
  const spec = objectOr(object['spec']);
  object['spec'] = spec;
  const podSpec = objectOr(spec['template'])['spec'];
  if (isObject(podSpec)) defaultPodSpec(podSpec);
  return spec;
}

/** Kinds with a pod template that are stored, not acted upon. */
export const workload: Strategy = {
  statusSubresource: true,
  generation: true,
  prepareCreate(object) {
    const spec = defaultTemplate(object);
    if (object.kind !== 'DaemonSet') spec['replicas'] ??= 1;
  },
  prepareUpdate(object) {
    const spec = defaultTemplate(object);
    if (object.kind !== 'DaemonSet') spec['replicas'] ??= 1;
  },
};

export const job: Strategy = {
  statusSubresource: true,
  generation: true,
  prepareCreate(object) {
    const spec = defaultTemplate(object);
    spec['backoffLimit'] ??= 6;
    spec['completions'] ??= 1;
    spec['parallelism'] ??= 1;
    spec['suspend'] ??= false;
  },
};

export const specWithGeneration: Strategy = { statusSubresource: true, generation: true };
