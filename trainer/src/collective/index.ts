export { createGroup, type GroupLog, type GroupOptions } from './create-group.js';
export type { PeerCredentials } from './grpc-data-plane.js';
export type { Group, Scalars, SharedResult, SharedWork, StateHolder, SumTimings } from './group.js';
