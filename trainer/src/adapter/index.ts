export type { Adapter, Compatibility, Pass } from './adapter.js';
export { packAdapterState, unpackAdapterState } from './adapter-state.js';
export { Full } from './full.js';
export { computeGradient, computeLoss, type GradientOptions } from './gradient.js';
export { Lora } from './lora.js';
export { LORA_VARIANTS, type LoraOptions, type LoraVariant } from './lora-options.js';
export { ParameterVector, type ParameterSlot } from './parameter-vector.js';
export { createAdapter, type AdaptedModel, type AdapterRequest } from './create-adapter.js';
