export { createEngine, type EngineRequest } from './create-engine.js';
export type { Engine, GenerateOptions, LossSum, UpdateOptions } from './engine.js';
export { TensorEngine, type TensorEngineOptions } from './tensor-engine.js';
export type { Compute, LoadedJob } from './compute.js';
export { readNewestCheckpoint, writeCheckpoint, type CheckpointInfo } from './checkpoints.js';
export { train, type TrainDependencies } from './train.js';
export { Workbench } from './workbench.js';
export { serveWorkbench } from './serve-workbench.js';
export { ThreadedCompute, type ComputeThreadOptions } from './threaded-compute.js';
