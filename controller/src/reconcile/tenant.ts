import { refOf } from '../kube/index.js';
import type { Caches } from './caches.js';

/**
 * For whom a job waits its turn: a namespace's share of a queue. Names of queues that do not exist count as one, so that
 * nobody gets more turns by making names up.
 */
export function tenantOf({ jobs, queues }: Pick<Caches, 'jobs' | 'queues'>, key: string): string {
  const queue = jobs.cache.get(key)?.spec.queueName ?? '';
  const known = queues.cache.get(queue) === undefined ? '' : queue;
  return `${refOf(key).namespace ?? ''}/${known}`;
}
