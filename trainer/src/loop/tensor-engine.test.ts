import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { MethodConfig } from '@tuneyard/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAdapter } from '../adapter/index.js';
import { METHODS, packedBatch, randomSequences, tinyModelFolder } from '../adapter/testing/tiny-models.js';
import { UserError } from '../errors.js';
import { selectBackend } from '../tensor/index.js';
import { TensorEngine } from './tensor-engine.js';

let folder = '';
beforeAll(async () => {
  await selectBackend({ force: 'wasm' });
  folder = tinyModelFolder();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };

function makeEngine(method: MethodConfig | undefined, seed = 5): TensorEngine {
  if (!method) throw new Error('no such method');
  return new TensorEngine(createAdapter({ method, modelFolder: folder, seed }), {
    backend: 'wasm',
    optimizer,
    gradientCheckpointing: false,
    seed,
  });
}

async function train(engine: TensorEngine, from: number, to: number): Promise<number[]> {
  const gradient = new Float32Array(engine.parameterCount);
  const losses: number[] = [];
  for (let step = from; step < to; step++) {
    const batch = packedBatch(randomSequences([7, 9], step % 3).map((sequence) => [sequence]));
    const { lossSum, trainedTokens } = await engine.gradient(batch, 1000 + step, gradient);
    await engine.update(gradient, {
      step: step + 1,
      learningRate: 0.01,
      gradientScale: 1 / trainedTokens,
      maxGradNorm: 1,
    });
    losses.push(lossSum / trainedTokens);
  }
  return losses;
}

describe.each(Object.entries(METHODS))('%s', (_name, method) => {
  it('resumes from its state in another process to the same bits, and learns', async () => {
    const uninterrupted = makeEngine(method);
    const losses = await train(uninterrupted, 0, 12);
    expect(Math.min(...losses.slice(-3))).toBeLessThan(Math.max(...losses.slice(0, 3)));

    const first = makeEngine(method);
    await train(first, 0, 5);
    // A newcomer that has something else in its memory: everything must come from the state.
    const second = makeEngine(method);
    await train(second, 0, 1);
    await second.importState(await first.exportState());
    await train(second, 5, 12);
    expect(
      Buffer.from(await second.exportState()).equals(Buffer.from(await uninterrupted.exportState())),
    ).toBe(true);

    const [one, two] = await Promise.all(
      [uninterrupted, second].map(async (engine) => {
        const result = mkdtempSync(join(tmpdir(), 'result-'));
        await engine.save(result, { name: 'base' });
        const files = readdirSync(result).map((file) => [file, readFileSync(join(result, file), 'base64')]);
        rmSync(result, { recursive: true });
        return files;
      }),
    );
    expect(two).toEqual(one);
    for (const engine of [uninterrupted, first, second]) engine.dispose();
    expect(tf.memory().numTensors).toBe(0);
  });
});

describe('TensorEngine', () => {
  it('refuses the state of another job and stays as it was', async () => {
    const lora = makeEngine(METHODS['lora']);
    const other = makeEngine(METHODS['prompt']);
    const before = await other.exportState();
    await expect(other.importState(await lora.exportState())).rejects.toThrow(UserError);
    expect(await other.exportState()).toEqual(before);
    for (const engine of [lora, other]) engine.dispose();
  });

  it('refuses a truncated state', async () => {
    const engine = makeEngine(METHODS['lora']);
    const state = await engine.exportState();
    await expect(engine.importState(state.subarray(0, state.length - 4))).rejects.toThrow(/truncated/);
    engine.dispose();
  });

  it('returns the gradient norm before clipping and applies the clip', async () => {
    const engine = makeEngine(METHODS['rslora']);
    const gradient = new Float32Array(engine.parameterCount).fill(3);
    const norm = await engine.update(gradient, {
      step: 1,
      learningRate: 0,
      gradientScale: 0.5,
      maxGradNorm: 1,
    });
    expect(norm).toBeCloseTo(1.5 * Math.sqrt(engine.parameterCount), 3);
    engine.dispose();
  });

  it('generates alike alone and beside longer prompts, and stops at a stop id', async () => {
    for (const name of ['full', 'lora', 'prefix', 'prompt']) {
      const engine = makeEngine(METHODS[name]);
      await train(engine, 0, 3);
      const [a, b] = randomSequences([3, 8], 7);
      if (!a || !b) throw new Error('two prompts');
      const options = { maxNewTokens: 6, stopIds: [], useAdapter: true };
      const together = await engine.generate([a, b], options);
      expect(together.map((row) => row.length)).toEqual([6, 6]);
      expect(await engine.generate([a], options)).toEqual([together[0]]);
      const stop = together[1]?.[2] ?? 0;
      const stopped = await engine.generate([b], { ...options, stopIds: [stop] });
      expect([...(stopped[0] ?? [])]).toEqual([...(together[1] ?? [])].slice(0, together[1]?.indexOf(stop)));
      engine.dispose();
    }
  });

  it('generates with the base model as it was before training', async () => {
    for (const name of ['full', 'lora']) {
      const engine = makeEngine(METHODS[name]);
      const prompts = randomSequences([4], 3);
      const options = { maxNewTokens: 8, stopIds: [], useAdapter: false };
      const before = await engine.generate(prompts, options);
      await train(engine, 0, 6);
      expect(await engine.generate(prompts, options)).toEqual(before);
      expect(await engine.generate(prompts, { ...options, useAdapter: true })).not.toEqual(before);
      engine.dispose();
      expect(tf.memory().numTensors).toBe(0);
    }
  });

  it('names a token id outside the vocabulary', async () => {
    const engine = makeEngine(METHODS['lora']);
    const batch = packedBatch([[Int32Array.of(1, 99, 2)]]);
    await expect(engine.loss(batch)).rejects.toThrow(/token id 99 is outside the model's vocabulary of 60/);
    engine.dispose();
  });
});
