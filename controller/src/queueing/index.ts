export { admitsNamespace } from './queue-state.js';
export type { FlavorQuota, QueueState } from './queue-state.js';
export { compareJobs } from './order.js';
export type { Ordered } from './order.js';
export { QuotaLedger } from './quota-ledger.js';
export type { QuotaView } from './quota-ledger.js';
