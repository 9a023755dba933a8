export { createEngine, type EngineRequest } from './create-engine.js';
export type { Engine, GenerateOptions, LossSum, UpdateOptions } from './engine.js';
export { TensorEngine, type TensorEngineOptions } from './tensor-engine.js';
