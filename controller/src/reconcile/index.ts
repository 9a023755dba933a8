export { createCaches } from './caches.js';
export type { Caches, CachesOptions } from './caches.js';
export { ControlLoops } from './control-loops.js';
export type { ControlLoopsObserver, ControlLoopsOptions } from './control-loops.js';
export { loadControllerAuthority } from './controller-authority.js';
export { JobIdentities, renewAfterMs } from './job-identities.js';
export type { WorkerPodOptions } from './worker-pod.js';
export { parseModelCache, type ModelCache } from './pod/volumes.js';
export { parseTrainerNetwork, type TrainerNetwork } from './pod/network-policy.js';
