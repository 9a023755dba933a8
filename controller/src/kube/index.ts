// Talking to the API server.
export type { Connection, Credentials } from './connection.js';
export { loadConnection } from './connection.js';
export { KubeClient } from './kube-client.js';
export { isAlreadyExists, isConflict, isNotFound } from './responses.js';
export type {
  ApplyOptions,
  DeleteOptions,
  JsonPatchOperation,
  KubeClientOptions,
  ListOptions,
  ObjectList,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './request-options.js';
export { apiVersionOf, keyOf, refOf, resourcePath } from './resource.js';
export type { KubeObject, ObjectMeta, ObjectRef, OwnerReference, Resource } from './resource.js';

// Knowing what it holds.
export { Cache } from './cache.js';
export type { CacheEvent, Indexer, ReadonlyCache } from './cache.js';
export { Reflector } from './reflector.js';
export type { ReflectorOptions } from './reflector.js';
export { Expectations } from './expectations.js';
export { ReadYourWrites } from './read-your-writes.js';
export { equalJson } from './equal.js';

// Acting on changes.
export { defaultRateLimiter, runWorkers, rateLimiterByTenant, WorkQueue } from './work-queue.js';
export type { WorkQueueObserver, WorkQueueOptions } from './work-queue.js';
export { BucketRateLimiter, ExponentialRateLimiter, MaxRateLimiter } from './rate-limiter.js';
export type { RateLimiter } from './rate-limiter.js';
export { EventRecorder, EVENTS } from './event-recorder.js';
export type { EventRecorderOptions, EventType } from './event-recorder.js';
export { LeaderElection, LEASES } from './leader-election.js';
export type { LeaderElectionOptions } from './leader-election.js';

// Time.
export { Backoff } from './backoff.js';
export type { BackoffOptions } from './backoff.js';
export { sleep, systemClock } from './clock.js';
export type { Clock } from './clock.js';
export { TokenBucket } from './token-bucket.js';
export type { Turn } from './fair-line.js';
export { FairLine } from './fair-line.js';
