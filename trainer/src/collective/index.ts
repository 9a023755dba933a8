export { createGroup, type GroupLog, type GroupOptions } from './create-group.js';
export type { GroupEvents } from './group-events.js';
export type { Group, Scalars, SharedResult, SharedWork, StateHolder, SumTimings } from './group.js';
export type { TlsMaterial } from './tls-material.js';
