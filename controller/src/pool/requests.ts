import { parseQuantity } from '../api/index.js';
import type { Container, PodObject } from './objects.js';

/** Amounts by the name of the resource: `cpu` in thousandths, all others in whole units; `pods` counts the pod itself. */
export type Requests = Readonly<Record<string, number>>;

/** What the pod takes of its node, counted as the scheduler of Kubernetes does. */
export function requestsOfPod(pod: PodObject): Requests {
  let requests = known.get(pod);
  if (requests === undefined) known.set(pod, (requests = countRequests(pod)));
  return requests;
}

const known = new WeakMap<PodObject, Requests>();

/** An amount of a resource in the units of {@link Requests}, rounded up; what is no amount counts as none. */
export const amountOf = (resource: string, quantity: string | number | undefined): number =>
  Math.max(0, Math.ceil(parseQuantity(quantity, resource === 'cpu' ? 3 : 0) ?? 0));

/**
 * Containers run together, and so do sidecars (init containers that are restarted) from their turn on; other init
 * containers run one by one before them. The overhead of the runtime comes on top.
 */
function countRequests({ spec, status }: PodObject): Requests {
  const sum: Amounts = {};
  const sidecars: Amounts = {};
  const starting: Amounts = {};
  const allotted = new Map(status?.containerStatuses?.map((entry) => [entry.name, entry]));
  for (const container of spec?.containers ?? []) {
    const own = requestsOf(container);
    // While a container is resized in place, its node keeps the larger of what it has and what it asks for.
    const { allocatedResources, resources } = allotted.get(container.name) ?? {};
    raise(own, amountsOf({ ...resources?.requests }));
    raise(own, amountsOf({ ...allocatedResources }));
    add(sum, own);
  }
  for (const container of spec?.initContainers ?? []) {
    const own = requestsOf(container);
    if (container.restartPolicy === 'Always') {
      add(sum, own);
      add(sidecars, own);
      raise(starting, sidecars);
    } else {
      add(own, sidecars);
      raise(starting, own);
    }
  }
  raise(sum, starting);
  // What a pod asks for as a whole stands for its containers.
  Object.assign(sum, amountsOf({ ...spec?.resources?.requests }));
  add(sum, amountsOf({ ...spec?.overhead }));
  return { ...sum, pods: 1 };
}

type Amounts = Record<string, number>;

/** The API server fills in a limit as the request where there is none. */
const requestsOf = ({ resources }: Container): Amounts =>
  amountsOf({ ...resources?.limits, ...resources?.requests });

function amountsOf(quantities: Readonly<Record<string, string>>): Amounts {
  const amounts: Amounts = {};
  for (const [resource, quantity] of Object.entries(quantities)) {
    const amount = amountOf(resource, quantity);
    if (amount > 0) amounts[resource] = amount;
  }
  return amounts;
}

function add(sum: Amounts, more: Requests): void {
  for (const [resource, amount] of Object.entries(more)) sum[resource] = (sum[resource] ?? 0) + amount;
}

function raise(sum: Amounts, least: Requests): void {
  for (const [resource, amount] of Object.entries(least))
    sum[resource] = Math.max(sum[resource] ?? 0, amount);
}
