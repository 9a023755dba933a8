import type { MethodConfig, TrainingConfig } from '@tuneyard/proto';
import type { MemoryWorkload, ModelShape } from '@tuneyard/proto/memory';
import type { ModelConfig } from '../model/index.js';
import { methodShapeOf } from './method-shape-of.js';

/** What the estimator must know of a job; undefined for a method that it does not know. */
export function workloadOf(
  model: ModelConfig,
  method: MethodConfig,
  training: Pick<TrainingConfig, 'gradientCheckpointing'>,
  size: { readonly batch: number; readonly length: number },
): MemoryWorkload | undefined {
  const shape = methodShapeOf(method);
  if (!shape) return undefined;
  return {
    model: shapeOfModel(model),
    method: shape,
    batch: size.batch,
    length: size.length,
    gradientCheckpointing: training.gradientCheckpointing,
    memory: 'all',
  };
}

export function shapeOfModel(config: ModelConfig): ModelShape {
  return {
    architecture: config.architecture,
    vocabulary: config.vocabularySize,
    hidden: config.hiddenSize,
    intermediate: config.intermediateSize,
    layers: config.layers,
    heads: config.heads,
    keyValueHeads: config.keyValueHeads,
    headDim: config.headDim,
    positions: config.rope ? 0 : config.maxPositions,
    tiedHead: config.tiedHead,
  };
}
