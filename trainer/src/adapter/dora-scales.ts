import * as tf from '@tensorflow/tfjs-core';
import { asMatrix, asVector, type BaseModel, type LinearModule } from '../model/index.js';
import type { LoraFactors, Matrix, Vector } from '../tensor/index.js';
import type { ParameterVector } from './parameter-vector.js';

/**
 * DoRA's part beyond LoRA (Liu et al. 2024, section 4.3 with the norm detached, as PEFT computes it): every output
 * of W + scale B A is scaled by magnitude / norm, where the norm of that output's row takes no gradient. Norms are
 * kept until the parameters change.
 */
export class DoraScales {
  private readonly inverseNorms = new Map<string, Vector>();

  constructor(
    private readonly model: BaseModel,
    private readonly parameters: ParameterVector,
    private readonly scaleOf: (module: LinearModule) => number,
  ) {}

  /** x [n, in] -> [n, out]. With dropout the base product inside the correction sees the dropped input too. */
  linear(module: LinearModule, x: Matrix, { a, b, scale, dropoutMask }: LoraFactors): Matrix {
    const { weights } = this.model;
    const magnitude = asVector(this.parameters.tensor(`${module.name}.lora_magnitude_vector`));
    const ratio = tf.mul<Vector>(magnitude, this.inverseNorm(module));
    const input = dropoutMask ? tf.mul<Matrix>(x, dropoutMask) : x;
    const delta = tf.mul(tf.matMul(tf.matMul(input, a, false, true), b, false, true), scale);
    if (dropoutMask) {
      const corrected = tf.mul(weights.product(module, input), tf.sub(ratio, 1));
      return tf.add(tf.add(weights.linear(module, x), corrected), tf.mul(delta, ratio));
    }
    const scaled = tf.mul<Matrix>(tf.add(weights.product(module, x), delta), ratio);
    return module.bias ? tf.add(scaled, weights.tensor(`${module.name}.bias`)) : scaled;
  }

  /** Row norms of W + scale B A, [out], from the uploaded parameters. */
  norms(module: LinearModule): Float32Array {
    return tf.tidy(() => {
      const a = asMatrix(this.parameters.tensor(`${module.name}.lora_A.weight`));
      const b = asMatrix(this.parameters.tensor(`${module.name}.lora_B.weight`));
      const dense = tf.add(this.model.weights.dense(module), tf.mul(tf.matMul(b, a), this.scaleOf(module)));
      return tf.sqrt(tf.sum(tf.square(dense), 1)).dataSync<'float32'>();
    });
  }

  /** Computes the norms that are missing. Call outside of any tape, so that nothing flows back through them. */
  prepare(modules: readonly LinearModule[]): void {
    for (const module of modules) {
      if (this.inverseNorms.has(module.name)) continue;
      const inverse = this.norms(module).map((norm) => 1 / norm);
      this.inverseNorms.set(module.name, tf.keep(tf.tensor1d(inverse)));
    }
  }

  forget(): void {
    for (const tensor of this.inverseNorms.values()) tensor.dispose();
    this.inverseNorms.clear();
  }

  private inverseNorm(module: LinearModule): Vector {
    const known = this.inverseNorms.get(module.name);
    if (!known) throw new Error(`the norms of ${module.name} have not been prepared`);
    return known;
  }
}
