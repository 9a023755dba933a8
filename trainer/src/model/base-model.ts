import { FrozenWeights, type Packing } from './frozen-weights.js';
import type { Forward } from './forward.js';
import { readModelConfig, type ModelConfig } from './model-config.js';
import { openWeightSource, type WeightOrigin, type WeightSource } from './weight-source.js';

/** A model with its weights in memory, as it stands without an adapter. */
export interface BaseModel {
  /** Where it was read from. */
  readonly folder: string;
  readonly config: ModelConfig;
  readonly weights: FrozenWeights;
  dispose(): void;
}

export interface LoadOptions {
  readonly packing?: Packing;
  /** Seeds fresh weights. Default 0. */
  readonly seed?: number;
  /** Default `folder`. */
  readonly origin?: WeightOrigin;
}

/**
 * Loads a Hugging Face folder: config.json and safetensors, single or sharded. The backend must have been selected.
 * @throws UserError naming file, field or tensor when something is missing, damaged or unsupported.
 */
export function loadModel(folder: string, options: LoadOptions = {}): BaseModel {
  const config = readModelConfig(folder);
  const source = openWeightSource(folder, config, {
    origin: options.origin ?? 'folder',
    seed: options.seed ?? 0,
  });
  try {
    return baseModel(folder, config, FrozenWeights.load(config, source, options.packing));
  } finally {
    source.close();
  }
}

/** A model whose tensors are all trained, and the source of their first values, for the caller to close. */
export function openTrainableModel(
  folder: string,
  seed: number,
  origin: WeightOrigin = 'folder',
): { model: BaseModel; source: WeightSource } {
  const config = readModelConfig(folder);
  const source = openWeightSource(folder, config, { origin, seed });
  return { model: baseModel(folder, config, FrozenWeights.none()), source };
}

function baseModel(folder: string, config: ModelConfig, weights: FrozenWeights): BaseModel {
  return { folder, config, weights, dispose: () => weights.dispose() };
}

/** The forward pass of the model as it is. */
export function baseForward(model: BaseModel): Forward {
  return {
    tensor: (name) => model.weights.tensor(name),
    trains: () => false,
    linear: (module, x) => model.weights.linear(module, x),
  };
}
