export type { Indices, Matrix, Vector } from './types.js';
export { selectBackend, type BackendChoice, type BackendName } from './backends/select-backend.js';
export { registerGradients } from './gradients/index.js';
export { valueAndGradients, type ValueAndGradients } from './gradients/value-and-gradients.js';
export { withGradient, type OpResult } from './custom-gradient.js';

export { linear, type LinearOptions, type WeightLayout } from './ops/linear.js';
export { loraLinear, type LoraFactors, type LoraLinearOptions } from './ops/lora-linear.js';
export { nf4Linear, type Nf4LinearOptions } from './ops/nf4-linear.js';
export { rmsNorm, type RmsNormOptions } from './ops/rms-norm.js';
export { layerNorm, type LayerNormOptions } from './ops/layer-norm.js';
export { residual } from './ops/residual.js';
export { rope, type RopeTables } from './ops/rope.js';
export { attention, type AttentionOptions } from './ops/attention.js';
export { geglu, gelu, swiglu } from './ops/activations.js';
export { embedding, type EmbeddingOptions } from './ops/embedding.js';
export { crossEntropy, logits, type CrossEntropyOptions, type HeadOptions } from './ops/cross-entropy.js';
export { dropoutMask, type DropoutMaskOptions } from './ops/dropout-mask.js';
export { adamwUpdate, l2Norm, type AdamwOptions } from './ops/adamw.js';

export { Nf4Matrix } from './nf4/nf4-matrix.js';
export { dequantizeNf4, quantizeNf4, type Nf4Data, type QuantizeOptions } from './nf4/quantize.js';
