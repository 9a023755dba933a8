export { estimateMemory, type MemoryEstimate, type MemoryWorkload } from './estimate-memory.js';
export { MEMORY_PARTS, type MemoryPart } from './memory-rules.js';
export { modelShapeOf, type ModelShape } from './model-shape.js';
export type { MethodShape } from './method-shape.js';
