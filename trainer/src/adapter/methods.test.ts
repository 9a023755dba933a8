import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { MethodConfig } from '@tuneyard/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planRows, type TokenBatch } from '../model/index.js';
import { selectBackend } from '../tensor/index.js';
import { createAdapter, type AdaptedModel } from './create-adapter.js';
import { computeGradient, computeLogits, computeLoss } from './gradient.js';
import { loadPeftAdapter } from './load-peft-adapter.js';
import { METHODS, packedBatch, randomSequences, tinyModelFolder } from './testing/tiny-models.js';

const folders: string[] = [];
const modelFolder = (architecture?: string) => {
  const folder = tinyModelFolder(architecture);
  folders.push(folder);
  return folder;
};
let folder = '';
beforeAll(async () => {
  await selectBackend({ force: 'wasm' });
  folder = modelFolder();
});
afterAll(() => {
  for (const each of folders) rmSync(each, { recursive: true, force: true });
});

const sequences = randomSequences([9, 6, 7], 1);
const batch = packedBatch(sequences.map((sequence) => [sequence]));
const methods = Object.entries(METHODS);

function make(method: MethodConfig, place = folder): AdaptedModel {
  return createAdapter({ method, modelFolder: place, seed: 5 });
}

/** Moves every parameter off its start, so that no gradient is zero by construction. */
function disturb({ adapter }: AdaptedModel): void {
  const { values } = adapter.parameters;
  for (let index = 0; index < values.length; index++)
    values[index] = (values[index] ?? 0) + 0.05 * Math.sin(index);
  adapter.parameters.changed();
  adapter.refresh?.();
}

function gradientOf(adapted: AdaptedModel, tokens: TokenBatch, seed?: number, checkpointing = false) {
  const gradient = new Float32Array(adapted.adapter.parameters.values.length).fill(7);
  const pass = seed === undefined ? {} : { dropoutSeed: seed };
  const plan = planRows(tokens, adapted.adapter.lead);
  const loss = computeGradient(adapted.model, adapted.adapter, plan, pass, gradient, { checkpointing });
  return { loss, gradient };
}

function dispose({ model, adapter }: AdaptedModel): void {
  adapter.dispose();
  model.dispose();
}

describe.each(methods)('%s', (name, method) => {
  it('gives the same bits twice, and others for another dropout seed', () => {
    const adapted = make(method);
    disturb(adapted);
    const first = gradientOf(adapted, batch, 3);
    expect(gradientOf(adapted, batch, 3)).toEqual(first);
    const dropsOut = ['lora', 'dora', 'qlora', 'p-tuning lstm'].includes(name);
    expect(gradientOf(adapted, batch, 4).loss === first.loss).toBe(!dropsOut);
    dispose(adapted);
  });

  it('recomputes the same gradient block by block', () => {
    const adapted = make(method);
    disturb(adapted);
    const whole = gradientOf(adapted, batch, 3);
    const blocks = gradientOf(adapted, batch, 3, true);
    expect(blocks.loss).toBe(whole.loss);
    expect(distance(blocks.gradient, whole.gradient)).toBeLessThan(1e-6);
    dispose(adapted);
  });

  it('has the slope that the loss has', () => {
    const adapted = make(method);
    disturb(adapted);
    const plan = planRows(batch, adapted.adapter.lead);
    const { gradient } = gradientOf(adapted, batch);
    const { values } = adapted.adapter.parameters;
    const start = values.slice();
    const norm = Math.hypot(...gradient);
    const step = 2e-3;
    const at = (distance: number) => {
      for (let index = 0; index < values.length; index++) {
        values[index] = (start[index] ?? 0) + (distance * (gradient[index] ?? 0)) / norm;
      }
      adapted.adapter.parameters.changed();
      // The norm of DoRA counts as a constant, so it stays what it was.
      if (!name.startsWith('dora')) adapted.adapter.refresh?.();
      return computeLoss(adapted.model, adapted.adapter, plan);
    };
    expect((at(step) - at(-step)) / (2 * step) / norm).toBeCloseTo(1, 1.5);
    dispose(adapted);
  });

  it('trains packed sequences as it trains them apart', () => {
    const adapted = make(method);
    disturb(adapted);
    const [a, b, c] = sequences;
    if (!a || !b || !c) throw new Error('three sequences');
    const packed = gradientOf(adapted, packedBatch([[a, b], [c]]));
    const apart = gradientOf(adapted, batch);
    expect(packed.loss / apart.loss).toBeCloseTo(1, 5);
    expect(distance(packed.gradient, apart.gradient)).toBeLessThan(1e-5);
    dispose(adapted);
  });

  it('leaves nothing on the backend', () => {
    const before = tf.memory().numTensors;
    const adapted = make(method);
    gradientOf(adapted, batch, 1);
    const settled = tf.memory().numTensors;
    gradientOf(adapted, batch, 2);
    gradientOf(adapted, batch, 2, true);
    computeLoss(adapted.model, adapted.adapter, planRows(batch, adapted.adapter.lead));
    expect(tf.memory().numTensors).toBe(settled);
    disturb(adapted);
    gradientOf(adapted, batch, 3);
    expect(tf.memory().numTensors).toBe(settled);
    dispose(adapted);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('writes zeros and no loss for a batch without labels', () => {
    const adapted = make(method);
    const empty = { ...batch, labels: new Int32Array(batch.labels.length).fill(-100) };
    const { loss, gradient } = gradientOf(adapted, empty);
    expect(loss).toBe(0);
    expect(gradient.every((slope) => slope === 0)).toBe(true);
    dispose(adapted);
  });
});

describe.each(methods.filter(([name]) => name !== 'full'))('%s as a PEFT folder', (_name, method) => {
  it('computes the same when it is loaded again', () => {
    const adapted = make(method);
    disturb(adapted);
    const result = mkdtempSync(join(tmpdir(), 'peft-'));
    adapted.adapter.save(result, { name: 'base' });
    const loaded = loadPeftAdapter(adapted.model, result);
    const logits = computeLogits(adapted.model, adapted.adapter, planRows(batch, adapted.adapter.lead));
    expect(distance(computeLogits(adapted.model, loaded, planRows(batch, loaded.lead)), logits)).toBeLessThan(
      1e-6,
    );
    expect(adapted.adapter.compatibility.peft).toBe(true);
    loaded.dispose();
    dispose(adapted);
    rmSync(result, { recursive: true });
  });
});

describe('every architecture', () => {
  it.each(['qwen2', 'qwen3', 'mistral', 'gemma2', 'gpt2'])(
    '%s trains packed as apart, whole and by LoRA',
    (architecture) => {
      const place = modelFolder(architecture);
      for (const name of ['full', 'rslora', 'prefix', 'prompt']) {
        const method = METHODS[name];
        const [a, b, c] = sequences;
        if (!method || !a || !b || !c) throw new Error(name);
        const adapted = make(method, place);
        disturb(adapted);
        const packed = gradientOf(adapted, packedBatch([[a, b], [c]]), undefined, true);
        const apart = gradientOf(adapted, batch);
        expect(packed.loss / apart.loss, name).toBeCloseTo(1, 5);
        expect(distance(packed.gradient, apart.gradient), name).toBeLessThan(1e-5);
        dispose(adapted);
      }
    },
  );
});

/** ||a - b|| / ||b|| */
function distance(a: Float32Array, b: Float32Array): number {
  const difference = a.map((value, index) => value - (b[index] ?? Number.NaN));
  return Math.hypot(...difference) / Math.hypot(...b);
}
