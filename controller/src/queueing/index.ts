export { admitsNamespace } from './queue-state.js';
export type { FlavorQuota, QueueState } from './queue-state.js';
export { compareJobs } from './order.js';
export type { Ordered } from './order.js';
export { backlogOf, LiveBacklog } from './backlog.js';
export type { Backlog, Queued } from './backlog.js';
export { Heap, LazySorted } from './heap.js';
export { QuotaLedger } from './quota-ledger.js';
export type { QuotaView } from './quota-ledger.js';
