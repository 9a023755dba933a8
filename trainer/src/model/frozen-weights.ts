import * as tf from '@tensorflow/tfjs-core';
import { linear, Nf4Matrix, nf4Linear, quantizeNf4, type LoraFactors, type Matrix } from '../tensor/index.js';
import { loraLinear } from '../tensor/index.js';
import { linearModules, tensorSpecs, type LinearModule } from './layout.js';
import type { ModelConfig } from './model-config.js';
import type { WeightSource } from './weight-source.js';
import { asMatrix, asVector } from './ranks.js';

/** How the frozen weights lie in memory. */
export type Packing = 'float32' | 'nf4';

/**
 * The weights that training does not change, on the backend (or packed in host memory for `nf4`). Loading goes
 * tensor by tensor: no more than one tensor is held twice.
 */
export class FrozenWeights {
  private readonly tensors = new Map<string, tf.Tensor>();
  private readonly packed = new Map<string, Nf4Matrix>();

  static load(config: ModelConfig, source: WeightSource, packing: Packing = 'float32'): FrozenWeights {
    const weights = new FrozenWeights();
    const packable = new Set(
      packing === 'nf4' ? linearModules(config).map(({ name }) => `${name}.weight`) : [],
    );
    try {
      for (const spec of tensorSpecs(config)) {
        const values = source.read(spec);
        const [rows = 1, columns = 1] = spec.shape;
        if (packable.has(spec.name)) {
          weights.packed.set(
            spec.name,
            new Nf4Matrix(quantizeNf4(values, { double: true }), [rows, columns]),
          );
        } else {
          weights.tensors.set(spec.name, tf.keep(tf.tensor(values, [...spec.shape], 'float32')));
        }
      }
    } catch (error) {
      weights.dispose();
      throw error;
    }
    return weights;
  }

  /** No weights at all: every tensor is trained. */
  static none(): FrozenWeights {
    return new FrozenWeights();
  }

  tensor(name: string): tf.Tensor {
    const tensor = this.tensors.get(name);
    if (!tensor) throw new Error(`the frozen weight "${name}" is not loaded`);
    return tensor;
  }

  /** Whether a tensor is held in 4 bits. */
  isPacked(name: string): boolean {
    return this.packed.has(name);
  }

  /** y = x W^T + b (+ the low-rank branch). */
  linear(module: LinearModule, x: Matrix, lora?: LoraFactors): Matrix {
    const bias = module.bias ? asVector(this.tensor(`${module.name}.bias`)) : undefined;
    const options = { layout: module.layout };
    const packed = this.packed.get(`${module.name}.weight`);
    if (packed) return nf4Linear(x, packed, bias, lora, options);
    const weight = asMatrix(this.tensor(`${module.name}.weight`));
    return lora ? loraLinear(x, weight, bias, lora, options) : linear(x, weight, bias, options);
  }

  /** The product alone, x W^T, without the bias. */
  product(module: LinearModule, x: Matrix): Matrix {
    return this.linear({ ...module, bias: false }, x);
  }

  /** The weight [out, in] as a tensor of its own, for the caller to dispose. */
  dense(module: LinearModule): Matrix {
    const name = `${module.name}.weight`;
    const weight = this.packed.get(name)?.dequantize() ?? asMatrix(this.tensor(name).clone());
    if (module.layout === 'out-in') return weight;
    const transposed = tf.transpose<Matrix>(weight);
    weight.dispose();
    return transposed;
  }

  /** Bytes held by packed layers, and their number of weights. */
  get packedBytes(): { readonly bytes: number; readonly weights: number } {
    let bytes = 0;
    let weights = 0;
    for (const matrix of this.packed.values()) {
      bytes += matrix.bytes;
      weights += matrix.shape[0] * matrix.shape[1];
    }
    return { bytes, weights };
  }

  dispose(): void {
    for (const tensor of this.tensors.values()) tensor.dispose();
    this.tensors.clear();
    this.packed.clear();
  }
}
