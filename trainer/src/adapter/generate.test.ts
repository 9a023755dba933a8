import { rmSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  baseForward,
  generateTokens,
  loadModel,
  NO_LEAD,
  padSequences,
  planRows,
  rowLogits,
  type Forward,
  type Lead,
  type ModelConfig,
  type Sampling,
} from '../model/index.js';
import { selectBackend } from '../tensor/index.js';
import { createAdapter } from './create-adapter.js';
import { METHODS, randomSequences, TINY_MODELS, tinyModelFolder } from './testing/tiny-models.js';

/** The definition: the whole sequence again for every token. */
function generateSlowly(
  config: ModelConfig,
  forward: Forward,
  lead: Lead,
  prompt: Int32Array,
  count: number,
): number[] {
  const sequence = [...prompt];
  for (let step = 0; step < count; step++) {
    const plan = planRows(padSequences([sequence]), lead);
    const last = Int32Array.of(plan.length - 1);
    sequence.push(
      tf.tidy(() => tf.argMax(rowLogits(config, forward, plan, last), 1).dataSync<'int32'>()[0] ?? -1),
    );
  }
  return sequence.slice(prompt.length);
}

const softmaxDraws = { temperature: 1, topK: 0, topP: 1, seed: 5 };

describe('generateTokens', () => {
  beforeAll(() => selectBackend({ force: 'wasm' }));

  it.each(Object.keys(TINY_MODELS))('remembers what a %s model would compute again', (architecture) => {
    const folder = tinyModelFolder(architecture);
    for (const name of ['lora', 'prompt', 'prefix']) {
      const method = METHODS[name];
      if (!method) throw new Error(name);
      const { model, adapter } = createAdapter({ method, modelFolder: folder, seed: 9 });
      const { values } = adapter.parameters;
      for (let index = 0; index < values.length; index++)
        values[index] = (values[index] ?? 0) + 0.2 * Math.sin(index);
      adapter.parameters.upload();
      const before = tf.memory().numTensors;
      const encoded = adapter.encode?.({});
      const forward = adapter.forward(model, {}, encoded);
      const prompts = randomSequences([1, 9, 4], 2);
      const options = { maxNewTokens: 10, stopIds: [] };
      const rows = generateTokens(model.config, forward, adapter.lead, prompts, options);
      for (const [index, prompt] of prompts.entries()) {
        expect([...(rows[index] ?? [])], name).toEqual(
          generateSlowly(model.config, forward, adapter.lead, prompt, 10),
        );
      }
      encoded?.dispose();
      expect(tf.memory().numTensors).toBe(before);
      adapter.dispose();
      model.dispose();
    }
    rmSync(folder, { recursive: true });
  });

  it('draws the same text from a seed alone and in company, and another from another seed', () => {
    const folder = tinyModelFolder('llama');
    const model = loadModel(folder);
    const prompts = randomSequences([3, 8, 5], 2);
    const draw = (of: readonly Int32Array[], sampling: Sampling) =>
      generateTokens(model.config, baseForward(model), NO_LEAD, of, {
        maxNewTokens: 12,
        stopIds: [],
        sampling,
      }).map((ids) => [...ids]);
    const together = draw(prompts, softmaxDraws);
    expect(draw(prompts.slice(0, 1), softmaxDraws)).toEqual(together.slice(0, 1));
    expect(draw(prompts, { ...softmaxDraws, seed: 6 })).not.toEqual(together);
    const greedy = generateTokens(model.config, baseForward(model), NO_LEAD, prompts, {
      maxNewTokens: 12,
      stopIds: [],
    }).map((ids) => [...ids]);
    expect(draw(prompts, { ...softmaxDraws, topK: 1 })).toEqual(greedy);
    expect(together).not.toEqual(greedy);
    model.dispose();
    rmSync(folder, { recursive: true });
  });

  it('ends where the learned positions end', () => {
    const folder = tinyModelFolder('gpt2');
    const method = METHODS['prefix'];
    if (!method) throw new Error('prefix');
    const { model, adapter } = createAdapter({ method, modelFolder: folder, seed: 9 });
    adapter.parameters.upload();
    const forward = adapter.forward(model, {}, adapter.encode?.({}));
    const [row] = generateTokens(model.config, forward, adapter.lead, randomSequences([50], 2), {
      maxNewTokens: 100,
      stopIds: [],
    });
    expect(row?.length).toBe(64 - 3 - 50);
    adapter.dispose();
    model.dispose();
    rmSync(folder, { recursive: true });
  });
});
