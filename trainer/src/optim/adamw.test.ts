import { describe, expect, it } from 'vitest';
import { adamwStep, decays } from './adamw.js';
import { clipFactor, gradientNorm } from './clip.js';

const options = {
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.1,
  learningRate: 0.01,
  gradientScale: 1,
};

describe('adamwStep', () => {
  it('moves by the learning rate along the sign on the first step, after decoupled decay', () => {
    const parameters = Float32Array.of(1, 1, 1);
    const moments = { first: new Float32Array(3), second: new Float32Array(3) };
    const ranges = [
      { offset: 0, size: 1, learningRateFactor: 1, decays: true },
      { offset: 1, size: 1, learningRateFactor: 1, decays: false },
      { offset: 2, size: 1, learningRateFactor: 16, decays: false },
    ];
    adamwStep(parameters, Float32Array.of(3, -3, 3), moments, ranges, { ...options, step: 1 });
    expect(parameters[0]).toBeCloseTo(0.999 - 0.01, 6);
    expect(parameters[1]).toBeCloseTo(1.01, 6);
    expect(parameters[2]).toBeCloseTo(1 - 0.16, 6);
    expect(moments.first[0]).toBeCloseTo(0.3, 6);
    expect(moments.second[0]).toBeCloseTo(0.009, 7);
  });

  it('matches three steps of a double-precision recurrence', () => {
    const parameters = Float32Array.of(0.5);
    const moments = { first: new Float32Array(1), second: new Float32Array(1) };
    let [value, mean, square] = [0.5, 0, 0];
    for (const [index, slope] of [0.2, -0.7, 0.05].entries()) {
      const step = index + 1;
      adamwStep(
        parameters,
        Float32Array.of(slope * 4),
        moments,
        [{ offset: 0, size: 1, learningRateFactor: 1, decays: true }],
        {
          ...options,
          gradientScale: 0.25,
          step,
        },
      );
      mean = 0.9 * mean + 0.1 * slope;
      square = 0.999 * square + 0.001 * slope * slope;
      value = value * (1 - 0.01 * 0.1);
      value -= (0.01 / (1 - 0.9 ** step)) * (mean / (Math.sqrt(square / (1 - 0.999 ** step)) + 1e-8));
    }
    expect(parameters[0]).toBeCloseTo(value, 6);
  });
});

describe('decays', () => {
  it('exempts biases and norms', () => {
    const exempt = [
      'model.layers.0.input_layernorm.weight',
      'transformer.h.0.ln_1.weight',
      'transformer.ln_f.weight',
    ];
    for (const name of [...exempt, 'mlp_head.0.bias', 'model.norm.weight', 'q_proj.bias']) {
      expect(decays(name), name).toBe(false);
    }
    const decayed = [
      'q_proj.lora_A.weight',
      'q_proj.lora_magnitude_vector',
      'embedding.weight',
      'lstm_head.bias_ih_l0',
    ];
    for (const name of decayed) expect(decays(name), name).toBe(true);
  });
});

describe('clipping', () => {
  it('scales to the bound and never up', () => {
    const gradient = Float32Array.of(3, 4);
    expect(gradientNorm(gradient, 2)).toBe(10);
    expect(clipFactor(10, 1)).toBeCloseTo(0.1, 6);
    expect(clipFactor(0.5, 1)).toBe(1);
    expect(clipFactor(10, 0)).toBe(1);
  });
});
