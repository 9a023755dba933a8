/**
 * The fused kernels a backend may register with tfjs (`tf.registerKernel`), by name. An op uses the kernel when the
 * current backend has it and composes itself of plain ops otherwise, so a backend may bring any subset: but a kernel
 * and its `...Grad` come together. `?` marks inputs and outputs that may be absent. Shapes are those of the ops.
 */
export const FUSED = {
  /** (x, weight, bias?) {transposed} -> y */
  linear: 'TuneyardLinear',
  /** (dy, weight, x?) {transposed, trainable, bias} -> dx, dWeight?, dBias? */
  linearGrad: 'TuneyardLinearGrad',
  /** (x, weight, bias?, a, b, mask?) {transposed, scale} -> y, low = (x * mask) a^T */
  loraLinear: 'TuneyardLoraLinear',
  /** (dy, x, weight, a, b, mask?, low) {transposed, scale} -> dx, da, db */
  loraLinearGrad: 'TuneyardLoraLinearGrad',
  /** (packed bytes, scales) | (packed, codes, superScales) {rows, columns, offset} -> weight; bytes are dtype bool */
  nf4Dequantize: 'TuneyardNf4Dequantize',
  /** (x, weight) {eps, offset} -> y, inverse [n] */
  rmsNorm: 'TuneyardRmsNorm',
  /** (dy, x, weight, inverse) {offset, trainable} -> dx, dWeight? */
  rmsNormGrad: 'TuneyardRmsNormGrad',
  /** (x, weight, bias) {eps} -> y, stats [n, 2] */
  layerNorm: 'TuneyardLayerNorm',
  /** (dy, x, weight, stats) {trainable} -> dx, dWeight?, dBias? */
  layerNormGrad: 'TuneyardLayerNormGrad',
  /** (x, positions, cos, sin) {headDim, sign} -> y */
  rope: 'TuneyardRope',
  /** (q, k, v, segmentIds?, prefixKeys?, prefixValues?) {AttentionSizes} -> y, logSums [batch * heads * length] */
  attention: 'TuneyardAttention',
  /** (dy, logSums, and the inputs) {AttentionSizes} -> dq, dk, dv, dPrefixKeys?, dPrefixValues? */
  attentionGrad: 'TuneyardAttentionGrad',
  /** (gate, up) -> y */
  swiglu: 'TuneyardSwiglu',
  /** (dy, gate, up) -> dGate, dUp */
  swigluGrad: 'TuneyardSwigluGrad',
  /** (gate, up) -> y */
  geglu: 'TuneyardGeglu',
  /** (dy, gate, up) -> dGate, dUp */
  gegluGrad: 'TuneyardGegluGrad',
  /** (x) -> y */
  gelu: 'TuneyardGelu',
  /** (dy, x) -> dx */
  geluGrad: 'TuneyardGeluGrad',
  /** (x, head, labels) {softcap, chunk, gradient, trainable} -> lossSum, dx?, dHead? */
  crossEntropy: 'TuneyardCrossEntropy',
  /** (table, ids) -> rows of the table */
  gatherRows: 'TuneyardGatherRows',
  /** () {rows, columns, key0, key1, stream, threshold, keep} -> mask: see `dropoutMask` */
  dropoutMask: 'TuneyardDropoutMask',
  /** (rows, ids) {count} -> table gradient [count, d] */
  scatterRows: 'TuneyardScatterRows',
} as const;
