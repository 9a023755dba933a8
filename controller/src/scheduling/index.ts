export { schedule, scheduleSilently } from './cycle.js';
export { DEFAULT_POLICY } from './policy.js';
export type { SchedulingPolicy } from './policy.js';
export type { Gang, PendingJob, RunningJob, Snapshot, Topology } from './snapshot.js';
export type { Admission, Eviction, Plan, Reservation, Resize, Waiting } from './plan.js';
export { backlogOf, LiveBacklog } from '../queueing/index.js';
export type { Backlog, QueueState } from '../queueing/index.js';
export type { Pool, PoolNode } from '../pool/index.js';
