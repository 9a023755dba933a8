import * as tf from '@tensorflow/tfjs-core';
import { asMatrix, asVector } from '../model/index.js';
import { dropoutMask, linear, type Matrix } from '../tensor/index.js';
import type { ParameterVector } from './parameter-vector.js';
import type { EncoderTensor } from './prompt-encoder.js';

const DIRECTIONS = ['', '_reverse'] as const;

/** The tensors of a bidirectional torch.nn.LSTM; gates lie in the order input, forget, cell, output. */
export function lstmTensors(name: string, inputs: number, hidden: number, layers: number): EncoderTensor[] {
  const initial = { uniform: 1 / Math.sqrt(hidden) };
  return Array.from({ length: layers }, (_, layer) =>
    DIRECTIONS.flatMap((direction): EncoderTensor[] => {
      const suffix = `l${layer}${direction}`;
      const width = layer === 0 ? inputs : 2 * hidden;
      return [
        { name: `${name}.weight_ih_${suffix}`, shape: [4 * hidden, width], initial },
        { name: `${name}.weight_hh_${suffix}`, shape: [4 * hidden, hidden], initial },
        { name: `${name}.bias_ih_${suffix}`, shape: [4 * hidden], initial },
        { name: `${name}.bias_hh_${suffix}`, shape: [4 * hidden], initial },
      ];
    }),
  ).flat();
}

/**
 * A bidirectional LSTM over the rows of x [steps, inputs] as one sequence -> [steps, 2 * hidden].
 * @param dropout on the output of every layer but the last.
 */
export function lstm(
  parameters: ParameterVector,
  name: string,
  x: Matrix,
  layers: number,
  dropout?: { readonly rate: number; readonly seed: number },
): Matrix {
  let states = x;
  for (let layer = 0; layer < layers; layer++) {
    const directions = DIRECTIONS.map((direction) =>
      oneDirection(parameters, name, layer, direction, states),
    );
    states = tf.concat2d(directions, 1);
    if (dropout && layer + 1 < layers) {
      states = tf.mul(states, dropoutMask(states.shape, { ...dropout, stream: layer }));
    }
  }
  return states;
}

/** x [steps, inputs] -> hidden states [steps, hidden], in the order of x for either direction. */
function oneDirection(
  parameters: ParameterVector,
  name: string,
  layer: number,
  direction: (typeof DIRECTIONS)[number],
  x: Matrix,
): Matrix {
  const suffix = `l${layer}${direction}`;
  const parameter = (kind: string) => parameters.tensor(`${name}.${kind}_${suffix}`);
  const recurrent = asMatrix(parameter('weight_hh'));
  const recurrentBias = asVector(parameter('bias_hh'));
  const hiddenSize = recurrent.shape[1];
  const steps = x.shape[0];
  const fromInput = linear(x, asMatrix(parameter('weight_ih')), asVector(parameter('bias_ih')), {
    trainable: true,
  });

  const outputs: Matrix[] = Array.from({ length: steps });
  let hidden: Matrix = tf.zeros([1, hiddenSize]);
  let cell: Matrix = tf.zeros([1, hiddenSize]);
  for (let index = 0; index < steps; index++) {
    const at = direction === '_reverse' ? steps - 1 - index : index;
    const input = tf.slice2d(fromInput, [at, 0], [1, 4 * hiddenSize]);
    const gates = tf.add(input, linear(hidden, recurrent, recurrentBias, { trainable: true }));
    const gate = (part: number) => asMatrix(tf.slice(gates, [0, part * hiddenSize], [1, hiddenSize]));
    const added = tf.mul(tf.sigmoid(gate(0)), tf.tanh(gate(2)));
    cell = tf.add(tf.mul(tf.sigmoid(gate(1)), cell), added);
    hidden = tf.mul(tf.sigmoid(gate(3)), tf.tanh(cell));
    outputs[at] = hidden;
  }
  return tf.concat2d(outputs, 0);
}
