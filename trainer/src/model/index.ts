export {
  baseForward,
  loadModel,
  openTrainableModel,
  type BaseModel,
  type LoadOptions,
} from './base-model.js';
export type { Forward, Rows } from './forward.js';
export { FrozenWeights, type Packing } from './frozen-weights.js';
export { readDecodingRules } from './read-generation-config.js';
export { generateTokens, generationSteps, type GenerationOptions, type NewToken } from './generate.js';
export type { Sampling } from './sample.js';
export { checkPlan, lossSum, rowLogits, stages, type Stages } from './language-model.js';
export { linearModules, outerNames, tensorSpecs, type LinearModule, type TensorSpec } from './layout.js';
export { HEAD, moduleNames, storedName } from './module-names.js';
export { ARCHITECTURES, readModelConfig, type Architecture, type ModelConfig } from './model-config.js';
export { asMatrix, asVector } from './ranks.js';
export { NO_LEAD, planRows, type Lead, type RowPlan } from './row-plan.js';
export { decodeSafetensors, SafetensorsFile, toFloat32 } from './safetensors-file.js';
export { padSequences, type TokenBatch } from './token-batch.js';
export type { WeightOrigin, WeightSource } from './weight-source.js';
export {
  encodeSafetensors,
  writeAtomically,
  writeJsonAtomically,
  writeSafetensors,
  type NamedTensor,
} from './write-safetensors.js';
