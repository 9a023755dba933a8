import { formatQuantity, isMore, parseQuantity, unitsOf } from '../../quantity.js';
import { matchesLabelSelector } from '../crud/selectors.js';
import { arrayOr, at, objectOr, objectsOf, textOf, type JsonObject } from '../json.js';
import type { KubeObject } from '../kube-object.js';
import { forbidden, type ErrorSubject } from '../status-error.js';
import type { Store } from '../storage/store.js';
import { containerResources, podAmounts, type Amounts } from './pod-resources.js';

export const QUOTAS = '/resourcequotas';
const COMPUTE = ['cpu', 'memory', 'ephemeral-storage'];
/** Resources whose quota is named without `count/`. */
const BARE = new Set([
  'configmaps',
  'persistentvolumeclaims',
  'pods',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'services',
]);

/** A pod counts until it has ended. */
const counts = (object: KubeObject): boolean =>
  object.kind !== 'Pod' || !['Succeeded', 'Failed'].includes(textOf(at(object, 'status', 'phase')));

/** What one object takes of each name that a quota may bound. */
function usageOf(object: KubeObject, { group, resource }: ErrorSubject): Amounts {
  const usage: Record<string, number> = { [`count/${group ? `${resource}.${group}` : resource}`]: 1 };
  if (group === '' && BARE.has(resource)) usage[resource] = 1;
  if (group !== '' || resource !== 'pods') return usage;
  for (const [name, amount] of Object.entries(podAmounts(object, 'requests'))) {
    usage[`requests.${name}`] = amount;
    if (COMPUTE.includes(name)) usage[name] = amount;
  }
  for (const [name, amount] of Object.entries(podAmounts(object, 'limits')))
    if (COMPUTE.includes(name)) usage[`limits.${name}`] = amount;
  return usage;
}

function hasScope(pod: KubeObject, scope: string, expression: JsonObject): boolean {
  const isBestEffort = at(pod, 'status', 'qosClass') === 'BestEffort';
  const hasDeadline = at(pod, 'spec', 'activeDeadlineSeconds') !== undefined;
  switch (scope) {
    case 'BestEffort':
      return isBestEffort;
    case 'NotBestEffort':
      return !isBestEffort;
    case 'Terminating':
      return hasDeadline;
    case 'NotTerminating':
      return !hasDeadline;
    case 'PriorityClass': {
      const name = textOf(at(pod, 'spec', 'priorityClassName'));
      const labels: Record<string, string> = name === '' ? {} : { PriorityClass: name };
      return matchesLabelSelector(labels, { matchExpressions: [{ ...expression, key: 'PriorityClass' }] });
    }
    default:
      return false;
  }
}

function isInScope(quota: KubeObject, object: KubeObject): boolean {
  const scopes: JsonObject[] = [
    ...arrayOr(at(quota, 'spec', 'scopes')).map((scope) => ({ scopeName: scope, operator: 'Exists' })),
    ...objectsOf(at(quota, 'spec', 'scopeSelector', 'matchExpressions')),
  ];
  if (scopes.length === 0) return true;
  return (
    object.kind === 'Pod' && scopes.every((scope) => hasScope(object, textOf(scope['scopeName']), scope))
  );
}

/** What a quota has counted now, of the names that it bounds. */
export function quotaUsage(quota: KubeObject, store: Store): Amounts {
  const bounded = Object.keys(objectOr(at(quota, 'spec', 'hard')));
  const used: Record<string, number> = Object.fromEntries(bounded.map((name) => [name, 0]));
  for (const bucket of bucketsOf(bounded, store))
    for (const object of store.bucket(bucket).list(quota.metadata.namespace ?? '')) {
      if (!counts(object) || !isInScope(quota, object)) continue;
      for (const [name, amount] of Object.entries(usageOf(object, subjectOf(bucket))))
        if (used[name] !== undefined) used[name] += amount;
    }
  return used;
}

function bucketsOf(bounded: readonly string[], store: Store): string[] {
  const buckets = new Set<string>();
  for (const name of bounded) {
    const counted = name.startsWith('count/') ? name.slice(6) : BARE.has(name) ? name : 'pods';
    const dot = counted.indexOf('.');
    buckets.add(dot < 0 ? `/${counted}` : `${counted.slice(dot + 1)}/${counted.slice(0, dot)}`);
  }
  return store.bucketKeys().filter((key) => buckets.has(key));
}

const inWords = (amounts: Readonly<Record<string, unknown>>, names: readonly string[]): string =>
  names.map((name) => `${name}=${textOf(amounts[name])}`).join(',');

export const quotaTexts = (amounts: Amounts): Record<string, string> =>
  Object.fromEntries(
    Object.entries(amounts).map(([name, amount]) => [name, formatQuantity(amount, unitsOf(name))]),
  );

/** Throws StatusError 403 when a ResourceQuota of the namespace leaves no room for a new object. */
export function checkResourceQuotas(object: KubeObject, store: Store, type: ErrorSubject): void {
  const quotas = store.bucket(QUOTAS).list(object.metadata.namespace ?? '');
  if (quotas.length === 0 || !counts(object)) return;
  const wanted = usageOf(object, type);
  for (const quota of quotas) {
    const hard = objectOr(at(quota, 'spec', 'hard'));
    if (!isInScope(quota, object)) continue;
    if (type.group === '' && type.resource === 'pods') requireAmounts(object, quota, hard, type);
    const names = Object.keys(hard).filter((name) => (wanted[name] ?? 0) > 0);
    if (names.length === 0) continue;
    const used = quotaUsage(quota, store);
    const exceeded = names
      .filter((name) => isMore((used[name] ?? 0) + (wanted[name] ?? 0), parseQuantity(hard[name])))
      .sort();
    if (exceeded.length === 0) continue;
    const requested = inWords(quotaTexts(wanted), exceeded);
    const limited = inWords(quotaTexts(amountsOf(hard)), exceeded);
    throw forbidden(
      type,
      object.metadata.name,
      `exceeded quota: ${quota.metadata.name}, requested: ${requested}, used: ${inWords(quotaTexts(used), exceeded)}, limited: ${limited}`,
    );
  }
}

const amountsOf = (hard: JsonObject): Amounts =>
  Object.fromEntries(Object.entries(hard).map(([name, amount]) => [name, parseQuantity(amount)]));

function subjectOf(bucket: string): ErrorSubject {
  const slash = bucket.lastIndexOf('/');
  return { group: bucket.slice(0, slash), resource: bucket.slice(slash + 1) };
}

/** A quota of CPU or memory wants every container to say how much it takes. */
function requireAmounts(pod: KubeObject, quota: KubeObject, hard: JsonObject, type: ErrorSubject): void {
  const containers = [...containerResources(pod, 'containers'), ...containerResources(pod, 'initContainers')];
  const missing = Object.keys(hard)
    .sort()
    .flatMap((name) => {
      const [, kind = 'requests', resource = name] = /^(requests|limits)\.(.+)$/.exec(name) ?? [];
      if (!COMPUTE.slice(0, 2).includes(resource)) return [];
      const without = containers.filter((container) => {
        const given = kind === 'limits' ? container.limits : container.requests;
        return given[resource] === undefined;
      });
      return without.length === 0 ? [] : [`${name} for: ${without.map((one) => one.name).join(',')}`];
    });
  if (missing.length === 0) return;
  throw forbidden(
    type,
    pod.metadata.name,
    `failed quota: ${quota.metadata.name}: must specify ${missing.join('; ')}`,
  );
}
