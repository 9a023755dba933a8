import { Heap } from './heap.js';

/**
 * Brings items of several queues into one order: within a queue as its own order has it, and between queues always the
 * first of those whose head comes first by `acrossQueues`. So what a queue's jobs say of each other, such as their
 * priorities, orders nothing in other queues.
 * @param acrossQueues a total order
 */
export function mergeQueues<T>(
  items: Iterable<T>,
  queueOf: (item: T) => string,
  withinQueue: (a: T, b: T) => number,
  acrossQueues: (a: T, b: T) => number,
): T[] {
  const queues = new Map<string, T[]>();
  for (const item of items) {
    const queue = queues.get(queueOf(item));
    if (queue === undefined) queues.set(queueOf(item), [item]);
    else queue.push(item);
  }
  const lists = [...queues.values()].map((queue) => queue.sort(withinQueue));
  const [only] = lists;
  if (only === undefined || lists.length === 1) return only ?? [];
  const heads = lists.map((list) => ({ list, at: 0, head: list[0] as T }));
  const heap = new Heap<(typeof heads)[number]>((a, b) => acrossQueues(a.head, b.head) < 0, heads);
  const merged: T[] = [];
  for (let next = heap.pop(); next !== undefined; next = heap.pop()) {
    merged.push(next.head);
    const head = next.list[++next.at];
    if (head !== undefined) heap.push({ ...next, head });
  }
  return merged;
}
