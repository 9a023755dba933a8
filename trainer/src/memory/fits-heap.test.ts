import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MethodConfig, MethodType } from '@tuneyard/proto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ResourceError, UserError } from '../errors.js';
import { readModelConfig, type ModelConfig } from '../model/index.js';
import { assertFitsHeap, type HeapJob } from './fits-heap.js';

let folder: string;
let model: ModelConfig;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tuneyard-fits-'));
  // The shape of Qwen2.5-0.5B: 494 million parameters, 1.8 GiB of float32.
  const config = {
    model_type: 'qwen2',
    hidden_size: 896,
    intermediate_size: 4864,
    num_hidden_layers: 24,
    num_attention_heads: 14,
    num_key_value_heads: 2,
    vocab_size: 151936,
    max_position_embeddings: 32768,
    tie_word_embeddings: true,
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  model = readModelConfig(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const lora = MethodConfig.fromPartial({
  type: MethodType.METHOD_TYPE_LORA,
  lora: { rank: 8, targetModules: ['all-linear'], variant: 'standard' },
});
const job = (microBatchSize: number, more: Partial<HeapJob> = {}): HeapJob => ({
  model,
  method: lora,
  training: { microBatchSize, gradientCheckpointing: false },
  length: 512,
  ...more,
});

test('what fits is let through', () => {
  expect(() => assertFitsHeap(job(1))).not.toThrow();
});

test('a micro-batch that is too large is refused with the size that fits', () => {
  expect(() => assertFitsHeap(job(16))).toThrow(ResourceError);
  const size = Number(/microBatchSize to (\d+)/.exec(messageOf(job(16)))?.[1]);
  expect(() => assertFitsHeap(job(size))).not.toThrow();
  expect(() => assertFitsHeap(job(size * 2))).toThrow(ResourceError);
});

test('weights that are too large leave packing them, or another model', () => {
  const large = { ...model, layers: 80 };
  const packed = job(1, { model: large, length: 64 });
  expect(() => assertFitsHeap(packed)).toThrow(UserError);
  expect(messageOf(packed)).toMatch(/weights \d+\.\d\d.*ends at 4\.00 GiB: use method qlora\.$/);
  expect(messageOf(job(1, { model: { ...model, layers: 2000 } }))).toContain('use a smaller base model');
});

function messageOf(refused: HeapJob): string {
  try {
    assertFitsHeap(refused);
  } catch (error) {
    if (error instanceof Error) return error.message;
  }
  throw new Error('it was not refused');
}
