export type { Adapter, Compatibility, NamedBase, Pass } from './adapter.js';
export { packAdapterState, unpackAdapterState } from './adapter-state.js';
export { Full } from './full.js';
export {
  computeBaseLoss,
  computeGradient,
  computeLogits,
  computeLoss,
  type GradientOptions,
} from './gradient.js';
export { Lora } from './lora.js';
export { LORA_VARIANTS, type LoraOptions, type LoraVariant } from './lora-options.js';
export { ParameterVector, type ParameterSlot } from './parameter-vector.js';
export { createAdapter, type AdaptedModel, type AdapterRequest } from './create-adapter.js';
export { copyTensors, loadPeftAdapter } from './load-peft-adapter.js';
export { PromptAdapter, type PromptMethod } from './prompt-adapter.js';
export { readPeftConfig, type PeftMethod } from './read-peft-config.js';
export { PEFT_PREFIX } from './save-lora.js';
