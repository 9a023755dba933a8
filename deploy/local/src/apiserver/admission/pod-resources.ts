import { at, objectOr, objectsOf, textOf, type JsonObject } from '../json.js';
import { parseQuantity } from '../../quantity.js';

export type Amounts = Readonly<Record<string, number>>;

export interface ContainerResources {
  readonly name: string;
  readonly requests: Amounts;
  readonly limits: Amounts;
}

const amounts = (value: unknown): Amounts =>
  Object.fromEntries(Object.entries(objectOr(value)).map(([name, amount]) => [name, parseQuantity(amount)]));

/** Requests and limits of every container of one list, as they are written. */
export function containerResources(
  pod: JsonObject,
  list: 'containers' | 'initContainers',
): ContainerResources[] {
  return objectsOf(at(pod, 'spec', list)).map((container) => ({
    name: textOf(container['name']),
    requests: amounts(at(container, 'resources', 'requests')),
    limits: amounts(at(container, 'resources', 'limits')),
  }));
}

const isSidecar = (pod: JsonObject, index: number): boolean =>
  objectsOf(at(pod, 'spec', 'initContainers'))[index]?.['restartPolicy'] === 'Always';

/** What a whole pod takes: the sum of its containers and sidecars, at least what any init container does, and its overhead. */
export function podAmounts(pod: JsonObject, kind: 'requests' | 'limits'): Amounts {
  const total: Record<string, number> = {};
  const add = (more: Amounts): void => {
    for (const [name, amount] of Object.entries(more)) total[name] = (total[name] ?? 0) + amount;
  };
  for (const container of containerResources(pod, 'containers')) add(container[kind]);
  const inits = containerResources(pod, 'initContainers');
  for (const [index, container] of inits.entries()) if (isSidecar(pod, index)) add(container[kind]);
  for (const [index, container] of inits.entries()) {
    if (isSidecar(pod, index)) continue;
    for (const [name, amount] of Object.entries(container[kind]))
      total[name] = Math.max(total[name] ?? 0, amount);
  }
  add(amounts(at(pod, 'spec', 'overhead')));
  return total;
}
