import { formatQuantity, isMore, parseQuantity, unitsOf } from '../../quantity.js';
import { at, objectOr, objectsOf, textOf, type JsonObject } from '../json.js';
import type { KubeObject } from '../kube-object.js';
import { forbidden, type ErrorSubject } from '../status-error.js';
import type { Store } from '../storage/store.js';
import { containerResources, podAmounts, type Amounts } from './pod-resources.js';

const items = (store: Store, pod: KubeObject): JsonObject[] =>
  store
    .bucket('/limitranges')
    .list(pod.metadata.namespace ?? '')
    .flatMap((range) => objectsOf(at(range, 'spec', 'limits')));

/** Fills in what the API fills in for a LimitRange: the default limit is the maximum, the default request that limit. */
export function defaultLimitRange(range: JsonObject): void {
  for (const item of objectsOf(at(range, 'spec', 'limits'))) {
    if (item['type'] !== 'Container') continue;
    const limit = { ...objectOr(item['max']), ...objectOr(item['default']) };
    const request = { ...objectOr(item['min']), ...limit, ...objectOr(item['defaultRequest']) };
    if (Object.keys(limit).length > 0) item['default'] = limit;
    if (Object.keys(request).length > 0) item['defaultRequest'] = request;
  }
}

/** Gives containers the requests and limits of the LimitRanges of their namespace where they have none. */
export function applyLimitRangeDefaults(pod: KubeObject, store: Store): void {
  const set: string[] = [];
  for (const item of items(store, pod)) {
    if (item['type'] !== 'Container') continue;
    for (const list of ['initContainers', 'containers'] as const)
      for (const container of objectsOf(at(pod, 'spec', list)))
        set.push(...fillIn(container, item, list === 'containers' ? 'container' : 'init container'));
  }
  if (set.length === 0) return;
  pod.metadata.annotations = {
    ...pod.metadata.annotations,
    'kubernetes.io/limit-ranger': `LimitRanger plugin set: ${set.join('; ')}`,
  };
}

function fillIn(container: JsonObject, item: JsonObject, what: string): string[] {
  const resources = objectOr(container['resources']);
  container['resources'] = resources;
  return [
    ['requests', 'defaultRequest', 'request'],
    ['limits', 'default', 'limit'],
  ].flatMap(([field = '', from = '', word = '']) => {
    const given = objectOr(resources[field]);
    const missing = Object.entries(objectOr(item[from])).filter(([name]) => given[name] === undefined);
    if (missing.length === 0) return [];
    resources[field] = { ...given, ...Object.fromEntries(missing) };
    const names = missing.map(([name]) => name).sort();
    return [`${names.join(', ')} ${word} for ${what} ${textOf(container['name'])}`];
  });
}

/** Throws StatusError 403 with everything in which a new pod breaks a LimitRange. */
export function checkLimitRanges(pod: KubeObject, store: Store, subject: ErrorSubject): void {
  const faults = items(store, pod).flatMap((item) => {
    if (item['type'] === 'Pod')
      return faultsOf(item, 'Pod', podAmounts(pod, 'requests'), podAmounts(pod, 'limits'));
    if (item['type'] !== 'Container') return [];
    return [...containerResources(pod, 'containers'), ...containerResources(pod, 'initContainers')].flatMap(
      ({ requests, limits }) => faultsOf(item, 'Container', requests, limits),
    );
  });
  const [only, ...more] = faults;
  if (only === undefined) return;
  const text = more.length === 0 ? only : `[${faults.join(', ')}]`;
  throw forbidden(subject, pod.metadata.name, text);
}

function faultsOf(item: JsonObject, type: string, requests: Amounts, limits: Amounts): string[] {
  const each = (bounds: unknown, check: (name: string, bound: number) => string | undefined): string[] =>
    Object.entries(objectOr(bounds)).flatMap(([name, bound]) => check(name, parseQuantity(bound)) ?? []);
  const show = (name: string, amount: number): string => formatQuantity(amount, unitsOf(name));
  return [
    ...each(item['min'], (name, bound) => {
      const [request, limit] = [requests[name], limits[name]];
      const start = `minimum ${name} usage per ${type} is ${show(name, bound)}`;
      if (request === undefined) return `${start}.  No request is specified`;
      if (isMore(bound, request)) return `${start}, but request is ${show(name, request)}`;
      if (limit !== undefined && isMore(bound, limit)) return `${start}, but limit is ${show(name, limit)}`;
      return undefined;
    }),
    ...each(item['max'], (name, bound) => {
      const [request, limit] = [requests[name], limits[name]];
      const start = `maximum ${name} usage per ${type} is ${show(name, bound)}`;
      if (limit === undefined) return `${start}.  No limit is specified`;
      if (isMore(limit, bound)) return `${start}, but limit is ${show(name, limit)}`;
      if (request !== undefined && isMore(request, bound))
        return `${start}, but request is ${show(name, request)}`;
      return undefined;
    }),
    ...each(item['maxLimitRequestRatio'], (name, bound) => {
      const [request, limit] = [requests[name], limits[name]];
      const start = `${name} max limit to request ratio per ${type} is ${show(name, bound)}`;
      if (!request) return `${start}, but no request is specified or request is 0`;
      if (!limit) return `${start}, but no limit is specified or limit is 0`;
      if (isMore(limit / request, bound))
        return `${start}, but provided ratio is ${(limit / request).toFixed(6)}`;
      return undefined;
    }),
  ];
}
