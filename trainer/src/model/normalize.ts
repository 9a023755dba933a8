import { layerNorm, rmsNorm, type Matrix } from '../tensor/index.js';
import type { Forward } from './forward.js';
import type { ModelConfig } from './model-config.js';
import { asVector } from './ranks.js';

/** The architecture's own norm over rows [n, size] with the weights `<name>.weight` (and `.bias`). */
export function normalize(config: ModelConfig, forward: Forward, name: string, x: Matrix): Matrix {
  const weight = asVector(forward.tensor(`${name}.weight`));
  const trainable = forward.trains(`${name}.weight`);
  if (config.architecture === 'gpt2') {
    return layerNorm(x, weight, asVector(forward.tensor(`${name}.bias`)), config.normEpsilon, { trainable });
  }
  return rmsNorm(x, weight, config.normEpsilon, {
    trainable,
    offset: config.architecture === 'gemma2' ? 1 : 0,
  });
}
