import { arrayOr, equalJson, isObject, objectOr, objectsOf, type JsonObject } from '../json.js';
import { applyLimitRangeDefaults, checkLimitRanges } from '../admission/limit-ranges.js';
import { checkPodSecurity } from '../admission/pod-security.js';
import type { KubeObject } from '../kube-object.js';
import { admitPriority } from './pod-priority.js';
import type { Strategy } from './resource-type.js';
import { validatePodSpec } from './validate-pod-spec.js';

const defaultTolerations = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].map((key) => ({
  key,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: 300,
}));

function defaultContainer(container: JsonObject): void {
  container['imagePullPolicy'] ??= /:(?!latest$)[^/]+$/.test(String(container['image']))
    ? 'IfNotPresent'
    : 'Always';
  container['terminationMessagePath'] ??= '/dev/termination-log';
  container['terminationMessagePolicy'] ??= 'File';
  container['resources'] ??= {};
  for (const port of objectsOf(container['ports'])) port['protocol'] ??= 'TCP';
  for (const variable of objectsOf(container['env'])) {
    const field = objectOr(variable['valueFrom'])['fieldRef'];
    if (isObject(field)) field['apiVersion'] ??= 'v1';
  }
  const resources = objectOr(container['resources']);
  if (isObject(resources['limits'])) {
    resources['requests'] = { ...resources['limits'], ...objectOr(resources['requests']) };
  }
}

/** Fills in what the Kubernetes API fills in for a pod spec (of a pod or a template). */
export function defaultPodSpec(spec: JsonObject): void {
  spec['restartPolicy'] ??= 'Always';
  spec['terminationGracePeriodSeconds'] ??= 30;
  spec['dnsPolicy'] ??= 'ClusterFirst';
  spec['schedulerName'] ??= 'default-scheduler';
  spec['securityContext'] ??= {};
  for (const container of [...objectsOf(spec['containers']), ...objectsOf(spec['initContainers'])])
    defaultContainer(container);
}

/** Guaranteed, Burstable or BestEffort, from requests and limits of cpu and memory. */
function qosClass(spec: JsonObject): string {
  const containers = [...objectsOf(spec['containers']), ...objectsOf(spec['initContainers'])];
  const resources = containers.map((container) => objectOr(container['resources']));
  const named = (part: JsonObject, kind: string): unknown[] =>
    ['cpu', 'memory'].map((name) => objectOr(part[kind])[name]);
  const all = resources.flatMap((part) => [...named(part, 'limits'), ...named(part, 'requests')]);
  if (all.every((value) => value === undefined)) return 'BestEffort';
  const guaranteed = resources.every((part) => {
    const limits = named(part, 'limits');
    return limits.every((value) => value !== undefined) && equalJson(limits, named(part, 'requests'));
  });
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

const mutable = new Set([
  'activeDeadlineSeconds',
  'terminationGracePeriodSeconds',
  'tolerations',
  'schedulingGates',
]);

/** A pod spec with the parts masked that may change after creation. */
function frozenPart(spec: JsonObject): JsonObject {
  const rest = Object.fromEntries(Object.entries(spec).filter(([key]) => !mutable.has(key)));
  for (const list of ['containers', 'initContainers']) {
    if (rest[list]) rest[list] = objectsOf(rest[list]).map((container) => ({ ...container, image: '' }));
  }
  return rest;
}

export const podStrategy: Strategy = {
  statusSubresource: true,
  generation: false,
  nameRule: 'subdomain',
  prepareCreate(pod) {
    const spec = objectOr(pod['spec']);
    pod['spec'] = spec;
    defaultPodSpec(spec);
    spec['serviceAccountName'] ??= spec['serviceAccount'] ?? 'default';
    spec['serviceAccount'] = spec['serviceAccountName'];
    spec['enableServiceLinks'] ??= true;
    const tolerations = objectsOf(spec['tolerations']);
    const missing = defaultTolerations.filter(
      (wanted) =>
        !tolerations.some(
          (known) => (known['key'] === wanted.key || !known['key']) && known['effect'] !== 'NoSchedule',
        ),
    );
    spec['tolerations'] = [...arrayOr(spec['tolerations']), ...missing];
    pod['status'] = { phase: 'Pending', qosClass: qosClass(spec) };
  },
  admit(pod, store, subject) {
    admitPriority(pod, store, subject);
    applyLimitRangeDefaults(pod, store);
    pod['status'] = { ...objectOr(pod['status']), qosClass: qosClass(objectOr(pod['spec'])) };
  },
  review(pod, store, subject) {
    checkLimitRanges(pod, store, subject);
    checkPodSecurity(pod, store, subject);
  },
  prepareUpdate(pod) {
    defaultPodSpec(objectOr(pod['spec']));
  },
  validate(pod, old, causes) {
    const spec = objectOr(pod['spec']);
    // A write to the status brings the very spec that was checked before.
    if (spec !== old?.['spec']) validatePodSpec(spec, causes);
    if (!old || equalJson(frozenPart(spec), frozenPart(objectOr(old['spec'])))) return;
    causes.push({
      reason: 'FieldValueForbidden',
      message:
        'Forbidden: pod updates may not change fields other than `spec.containers[*].image`,' +
        '`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing' +
        ' tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
      field: 'spec',
    });
  },
  gracePeriod(pod: KubeObject, requested) {
    const spec = objectOr(pod['spec']);
    const phase = objectOr(pod['status'])['phase'];
    if (!spec['nodeName'] || phase === 'Succeeded' || phase === 'Failed') return 0;
    const own = spec['terminationGracePeriodSeconds'];
    return requested ?? (typeof own === 'number' ? own : 30);
  },
};
