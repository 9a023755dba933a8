export { schedule } from './cycle.js';
export type { Admission, PendingJob, Plan, RunningJob, Snapshot, Waiting } from './snapshot.js';
