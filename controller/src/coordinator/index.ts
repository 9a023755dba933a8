export { systemClock, type Clock } from './clock.js';
export {
  createCoordinatorServer,
  type CoordinatorServer,
  type CoordinatorServerOptions,
} from './create-coordinator-server.js';
export type { CoordinatorTls } from './server-credentials.js';
export type { EventBus, EventFilter, EventSubscription, JobEvent, JobEventType } from './event-bus.js';
export type { CoordinatedJob, JobCoordinator, JobTrainingState, MemberState } from './job-coordinator.js';
export type { JobNews } from './job-runtime-options.js';
export { MemoryEventBus } from './memory-event-bus.js';
export { MemoryStateStore } from './memory-state-store.js';
export type { StateStore, StoredJob, StoredMembership, StoredTraining } from './state-store.js';
export { NatsEventBus, type NatsEventBusOptions } from './nats-event-bus.js';
export { openStores, type StoreAddresses, type Stores } from './open-stores.js';
export { RedisStateStore, type RedisStateStoreOptions } from './redis-state-store.js';
