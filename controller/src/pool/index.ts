export type { ContainerState, NodeObject, PodObject, Taint, Toleration } from './objects.js';
export { isTerminated } from './objects.js';
export { flavorOfProduct, GPU_RESOURCE, gpusOfNode } from './flavor.js';
export type { NodeGpus } from './flavor.js';
export { buildPool, gpusOfPod, unavailability } from './pool.js';
export type { Holding, Pool, PoolGpus, PoolNode, TopologyLevel } from './pool.js';
export { GPU_TOLERATION, isKeptAway, suits } from './fits.js';
export type { NodeNeeds } from './fits.js';
