import type { ModelConfig } from './model-config.js';
import { Random } from '../support/index.js';
import type { TensorSpec } from './layout.js';
import { WeightFolder } from './weight-folder.js';

/** Where the values of a model's tensors come from, one tensor at a time. */
export interface WeightSource {
  /** Row-major float32. @throws UserError when the tensor is missing or misshapen. */
  read(spec: TensorSpec): Float32Array;
  close(): void;
}

/** Where a model starts: from the weights in its folder, or from random ones, which must be asked for. */
export type WeightOrigin = 'folder' | 'scratch';

/** @throws UserError when the folder holds no weights, or not all of them */
export function openWeightSource(
  folder: string,
  config: ModelConfig,
  { origin, seed }: { readonly origin: WeightOrigin; readonly seed: number },
): WeightSource {
  return origin === 'scratch' ? freshSource(seed) : folderSource(folder, config);
}

function folderSource(folder: string, config: ModelConfig): WeightSource {
  const weights = WeightFolder.open(folder);
  return {
    read: (spec) => weights.readFloat32(storedName(weights, config, spec.name), spec.shape),
    close: () => weights.close(),
  };
}

/** Base-model files lack the name of the wrapper (`transformer.`, `model.`) that the language model adds. */
function storedName(weights: WeightFolder, config: ModelConfig, name: string): string {
  const wrapper = config.architecture === 'gpt2' ? 'transformer.' : 'model.';
  const bare = name.startsWith(wrapper) ? name.slice(wrapper.length) : name;
  return !weights.has(name) && weights.has(bare) ? bare : name;
}

function freshSource(seed: number): WeightSource {
  return {
    read: ({ name, shape, initial }) => {
      const values = new Float32Array(shape.reduce((product, extent) => product * extent, 1));
      if ('constant' in initial) return values.fill(initial.constant);
      return new Random(seed, name).fillNormal(values, initial.deviation);
    },
    close: () => undefined,
  };
}
