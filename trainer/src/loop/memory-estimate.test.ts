import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MethodType, type MethodConfig, type TrainingConfig } from '@tuneyard/proto';
import { modelShapeOf } from '@tuneyard/proto/memory';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAdapter } from '../adapter/index.js';
import type { MicroBatch } from '../data/micro-batch.js';
import { HeapMeter, memoryReport, shapeOfModel, type MemoryReport } from '../memory/index.js';
import { readModelConfig } from '../model/index.js';
import { selectBackend } from '../tensor/index.js';
import { TensorEngine } from './tensor-engine.js';

let folder: string;
let meter: HeapMeter;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tuneyard-memory-'));
  await selectBackend({ force: 'wasm' });
  const attached = HeapMeter.attach();
  if (!attached) throw new Error('the wasm backend has no meter');
  meter = attached;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const llama = {
  model_type: 'llama',
  hidden_size: 128,
  intermediate_size: 352,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: 1500,
  max_position_embeddings: 512,
};
const gpt2 = { model_type: 'gpt2', n_embd: 128, n_head: 4, n_layer: 3, vocab_size: 900, n_positions: 256 };

const none = { lora: undefined, ptuning: undefined, prefix: undefined, prompt: undefined };
type Lora = NonNullable<MethodConfig['lora']>;
const lora = (more: Partial<Lora> = {}, type: MethodType = MethodType.METHOD_TYPE_LORA): MethodConfig => ({
  ...none,
  type,
  lora: {
    rank: 8,
    alpha: 16,
    dropout: 0,
    targetModules: ['all-linear'],
    excludeModules: [],
    layersToTransform: [],
    layersPattern: [],
    modulesToSave: [],
    rankPattern: {},
    alphaPattern: {},
    dora: false,
    variant: 'standard',
    init: 'kaiming',
    initFrom: '',
    initFromSecret: '',
    loraPlusRatio: 1,
    ...more,
  },
});
const full: MethodConfig = { ...none, type: MethodType.METHOD_TYPE_FULL };
const ptuning = (encoder: string): MethodConfig => ({
  ...none,
  type: MethodType.METHOD_TYPE_PTUNING,
  ptuning: { virtualTokens: 16, encoder, hiddenSize: 64, encoderLayers: 1, encoderDropout: 0 },
});
const prefix = (projection: boolean): MethodConfig => ({
  ...none,
  type: MethodType.METHOD_TYPE_PTUNING_V2,
  prefix: { virtualTokens: 16, projection, hiddenSize: 48 },
});

/** One gradient of `batch` rows of `length` trained tokens; what the report says of it. */
async function measure(
  name: string,
  config: object,
  method: MethodConfig,
  size: { batch: number; length: number; checkpointing?: boolean },
): Promise<MemoryReport> {
  const model = join(folder, name.replaceAll(' ', '-'));
  mkdirSync(model);
  writeFileSync(join(model, 'config.json'), JSON.stringify(config));
  const adapted = meter.during('weights', () =>
    createAdapter({ method, modelFolder: model, origin: 'scratch', seed: 1 }),
  );
  const gradientCheckpointing = size.checkpointing ?? false;
  const engine = new TensorEngine(adapted, {
    backend: 'wasm',
    gradientCheckpointing,
    seed: 1,
    meter,
    optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
  });
  try {
    await engine.gradient(wholeRows(size.batch, size.length), 1, new Float32Array(engine.parameterCount));
    const training = { gradientCheckpointing, microBatchSize: size.batch } as TrainingConfig;
    const job = { backend: 'wasm', model: engine.modelConfig, method, training, maxLength: size.length };
    const report = engine.largestPass && memoryReport(job, engine.largestPass);
    if (!report) throw new Error('nothing was measured');
    return report;
  } finally {
    engine.dispose();
  }
}

/** A micro-batch without padding; every token is trained. */
function wholeRows(batch: number, length: number): MicroBatch {
  const inputIds = Int32Array.from({ length: batch * length }, (_, index) => (index * 7) % 900);
  return {
    batch,
    length,
    inputIds,
    labels: inputIds,
    positionIds: inputIds.map((_, index) => index % length),
    segmentIds: inputIds.map(() => 1),
  };
}

describe('the estimate is within 15 % of the heap', () => {
  const size = { batch: 4, length: 64 };
  const checkpointing = { ...size, checkpointing: true };
  const only = (names: string[]) => lora({ targetModules: names, rank: 4 });
  it.each([
    ['lora on every layer', llama, lora(), size],
    ['lora on queries and values', llama, only(['q_proj', 'v_proj']), { batch: 2, length: 160 }],
    ['lora in the upper blocks', llama, lora({ layersToTransform: [2, 3] }), size],
    ['lora with embedding and head', llama, lora({ modulesToSave: ['embed_tokens', 'lm_head'] }), size],
    ['lora with ranks by layer', llama, lora({ rankPattern: { 'mlp.*': 64 }, dora: true }), size],
    ['lora with dropout', llama, lora({ dropout: 0.1 }), size],
    ['lora with gradient checkpointing', llama, lora(), checkpointing],
    ['dora', llama, lora({ variant: 'dora' }), size],
    ['qlora', llama, lora({}, MethodType.METHOD_TYPE_QLORA), { batch: 1, length: 64 }],
    ['full', llama, full, size],
    ['full with gradient checkpointing', llama, full, checkpointing],
    ['p-tuning with an mlp', llama, ptuning('mlp'), size],
    ['p-tuning with an lstm', llama, ptuning('lstm'), size],
    ['prefix', llama, prefix(false), size],
    ['projected prefix', llama, prefix(true), checkpointing],
    ['qwen3', { ...llama, model_type: 'qwen3', head_dim: 32 }, lora(), size],
    ['gemma2 with a tied head', { ...llama, model_type: 'gemma2', head_dim: 32 }, lora(), size],
    ['gpt2', gpt2, lora(), size],
    ['gpt2 full', gpt2, full, { batch: 1, length: 200 }],
    ['a vocabulary far larger than the model', { ...llama, vocab_size: 24_000 }, lora(), size],
  ])('%s', async (name, config, method, given) => {
    const { estimated, measured } = await measure(name, config, method, given);
    const off = estimated.total / measured.total - 1;
    expect(Math.abs(off), `${estimated.total} estimated, ${measured.total} measured`).toBeLessThan(0.15);
    // What is held all the time is known to the byte, nearly.
    expect(Math.abs(estimated.adapter / measured.adapter - 1)).toBeLessThan(0.03);
    expect(Math.abs(estimated.optimizer / measured.optimizer - 1)).toBeLessThan(0.03);
  });

  it('and gradient checkpointing is worth it', async () => {
    const plain = await measure('plain', llama, lora(), { batch: 4, length: 64 });
    const recomputed = await measure('again', llama, lora(), { batch: 4, length: 64, checkpointing: true });
    expect(recomputed.measured.activations).toBeLessThan(plain.measured.activations / 2);
  });
});

describe('the shape of a model', () => {
  const bases = fileURLToPath(new URL('../../../tests/parity/cases/bases/', import.meta.url));
  it.each(readdirSync(bases))('%s is the same from its config.json as from the loaded model', (name) => {
    const config = JSON.parse(readFileSync(join(bases, name, 'config.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    expect(modelShapeOf(config)).toEqual(shapeOfModel(readModelConfig(join(bases, name))));
  });

  it('is unknown where a size is missing or no count', () => {
    const { hidden_size: _, ...rest } = llama;
    expect(modelShapeOf(rest)).toBeUndefined();
    expect(modelShapeOf({ ...llama, num_hidden_layers: '4' })).toBeUndefined();
  });
});
