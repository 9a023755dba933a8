import * as tf from '@tensorflow/tfjs-core';
import {
  baseForward,
  checkPlan,
  lossSum,
  rowLogits,
  stages,
  type BaseModel,
  type Forward,
  type RowPlan,
} from '../model/index.js';
import type { Matrix } from '../tensor/index.js';
import type { Adapter, Pass } from './adapter.js';

export interface GradientOptions {
  /** Keep only the hidden states between blocks and compute each block again on the way back. */
  readonly checkpointing: boolean;
}

/**
 * Sum of the token losses of `plan` and its gradient by the adapter's parameters, written to `gradient`
 * (overwritten, in the order of the flat vector). Leaves nothing on the backend but the uploaded parameters.
 */
export function computeGradient(
  model: BaseModel,
  adapter: Adapter,
  plan: RowPlan,
  pass: Pass,
  gradient: Float32Array,
  { checkpointing }: GradientOptions,
): number {
  gradient.fill(0);
  if (plan.trainedTokens === 0) return 0;
  checkPlan(model.config, plan);
  const parameters = adapter.parameters.upload();
  return tf.tidy(() => {
    const encoded = adapter.encode?.(pass);
    const sums = new GradientSums(encoded ? [encoded] : parameters);
    const forward = adapter.forward(model, pass, encoded);
    const compute = checkpointing ? blockwise : wholeTape;
    const loss = compute(model, forward, plan, sums);
    const gradients = encoded ? throughEncoder(adapter, pass, parameters, sums) : sums.all;
    for (const [index, { offset }] of adapter.parameters.slots.entries()) {
      const slope = gradients[index];
      if (slope) gradient.set(slope.dataSync<'float32'>(), offset);
    }
    return loss;
  });
}

/** From the gradient by the encoder's output to those by its parameters. */
function throughEncoder(
  adapter: Adapter,
  pass: Pass,
  parameters: readonly tf.Tensor[],
  sums: GradientSums,
): readonly (tf.Tensor | undefined)[] {
  const encode = () => {
    if (!adapter.encode) throw new Error('the adapter has no encoder');
    return adapter.encode(pass);
  };
  return tf.engine().gradients(encode, [...parameters], sums.all[0], true).grads;
}

/** Sum of the token losses, without gradients and without dropout. */
export function computeLoss(model: BaseModel, adapter: Adapter, plan: RowPlan): number {
  if (plan.trainedTokens === 0) return 0;
  checkPlan(model.config, plan);
  adapter.parameters.upload();
  return tf.tidy(() => {
    const forward = adapter.forward(model, {}, adapter.encode?.({}));
    return scalarValue(lossSum(model.config, forward, plan));
  });
}

/** Sum of the token losses of the base model itself, without gradients. */
export function computeBaseLoss(model: BaseModel, plan: RowPlan): number {
  if (plan.trainedTokens === 0) return 0;
  checkPlan(model.config, plan);
  return tf.tidy(() => scalarValue(lossSum(model.config, baseForward(model), plan)));
}

/** Logits of every row of `plan` that is no padding, `[rows, vocabulary]`, without dropout. */
export function computeLogits(model: BaseModel, adapter: Adapter, plan: RowPlan): Float32Array {
  checkPlan(model.config, plan);
  adapter.parameters.upload();
  return tf.tidy(() => {
    const forward = adapter.forward(model, {}, adapter.encode?.({}));
    const rows = [...plan.segments.keys()].filter((row) => plan.segments[row] !== 0);
    return rowLogits(model.config, forward, plan, Int32Array.from(rows)).dataSync<'float32'>();
  });
}

function wholeTape(model: BaseModel, forward: Forward, plan: RowPlan, sums: GradientSums): number {
  const { value, grads } = tf
    .engine()
    .gradients(() => lossSum(model.config, forward, plan), [...sums.inputs], undefined, true);
  sums.add(grads);
  return scalarValue(value);
}

/**
 * Gradient checkpointing (Chen et al. 2016), one block at a time: forward without a tape, then backward from the
 * last block, each on a tape of its own over its saved input. The dropout masks depend on seed and layer alone, so the
 * second forward pass of a block is the first one again.
 */
function blockwise(model: BaseModel, forward: Forward, plan: RowPlan, sums: GradientSums): number {
  const { config } = model;
  const { begin, block, end } = stages(config, forward, plan);
  const inputs: Matrix[] = [];
  let hidden = tf.tidy(begin);
  for (let layer = 0; layer < config.layers; layer++) {
    const input = hidden;
    inputs.push(input);
    hidden = tf.tidy(() => block(layer, input));
  }

  const backward = (compute: () => tf.Tensor, input: Matrix | undefined, slope: tf.Tensor | undefined) => {
    const variables = input ? [input, ...sums.inputs] : [...sums.inputs];
    const { value, grads } = tf.engine().gradients(compute, variables, slope, true);
    slope?.dispose();
    const toInput: tf.Tensor | null | undefined = input ? grads.shift() : undefined;
    sums.add(grads);
    input?.dispose();
    return { value, toInput: toInput ?? undefined };
  };
  const last = hidden;
  const scored = backward(() => end(last), last, undefined);
  let slope = scored.toInput;
  for (const [layer, input] of [...inputs.entries()].reverse()) {
    const { value, toInput } = backward(() => block(layer, input), input, slope);
    slope = toInput;
    value.dispose();
  }
  backward(begin, undefined, slope).value.dispose();
  return scalarValue(scored.value);
}

/** Running sums of the gradients by a list of tensors; null gradients (no dependence) count as zero. */
class GradientSums {
  private readonly sums: (tf.Tensor | undefined)[];

  constructor(readonly inputs: readonly tf.Tensor[]) {
    this.sums = inputs.map(() => undefined);
  }

  add(gradients: readonly (tf.Tensor | null | undefined)[]): void {
    for (const [index, gradient] of gradients.entries()) {
      if (!gradient) continue;
      const sum = this.sums[index];
      this.sums[index] = sum ? tf.add(sum, gradient) : gradient;
      if (sum) {
        sum.dispose();
        gradient.dispose();
      }
    }
  }

  get all(): readonly (tf.Tensor | undefined)[] {
    return this.sums;
  }
}

function scalarValue(tensor: tf.Tensor): number {
  return tensor.dataSync<'float32'>()[0] ?? Number.NaN;
}
