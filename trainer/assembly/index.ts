export { gemm, gemmScratchBytes } from './gemm';
export { layerNorm, layerNormGrad, rmsNorm, rmsNormGrad } from './norm';
export { geglu, gegluGrad, gelu, geluGrad, swiglu, swigluGrad } from './activation';
export { add, columnSums, gatherRows, multiply, repeatRow, scale, scatterRows } from './elementwise';
export { rope } from './rope';
export { softmaxAgain, softmaxGrad, softmaxRows } from './attention';
export { dropoutMask } from './dropout';
export { crossEntropyRows } from './cross-entropy';
export { nf4Scales, nf4Weights } from './nf4';
