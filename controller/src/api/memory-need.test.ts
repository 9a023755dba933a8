import { modelShapeOf } from '@tuneyard/proto/memory';
import { describe, expect, it } from 'vitest';
import { memoryNeed, waysToFit } from './memory-need.js';
import { parseFineTuneJobSpec } from './parse.js';
import { resolveSpec } from './resolve.js';

const GIB = 2 ** 30;
/** The sizes of a model of seven thousand million weights. */
const shape = modelShapeOf({
  model_type: 'llama',
  hidden_size: 4096,
  intermediate_size: 11008,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  vocab_size: 32000,
});
if (!shape) throw new Error('the shape is incomplete');
const model = shape;

const spec = (type: string, training: object = {}) =>
  resolveSpec(
    parseFineTuneJobSpec({
      queueName: 'team',
      model: { source: 'file:///models/base' },
      method: { type },
      dataset: { sources: [{ uri: 'file:///data/a.jsonl' }], maxLength: 512 },
      training: { batchSize: 8, microBatchSize: 1, ...training },
      output: { uri: 'file:///out/a' },
    }),
  );
const need = (type: string, training: object = {}) =>
  memoryNeed(spec(type, training), model).bytesPerGpu / GIB;

describe('what a job needs of each GPU', () => {
  it('is at least its weights: 25 GiB in float32 for 6.7 thousand million of them', () => {
    expect(need('lora', { gradientCheckpointing: true })).toBeGreaterThan(25.1);
    expect(need('lora', { gradientCheckpointing: true })).toBeLessThan(30);
  });

  it('falls with gradient checkpointing and smaller micro-batches', () => {
    const checkpointed = need('lora', { gradientCheckpointing: true });
    expect(need('lora')).toBeGreaterThan(checkpointed + 5);
    expect(need('lora', { microBatchSize: 4 })).toBeGreaterThan(need('lora') + 15);
  });

  it('is far smaller for qlora, whose packed weights lie in host memory, and doubles when all is trained', () => {
    const checkpointed = { gradientCheckpointing: true };
    expect(need('qlora', checkpointed)).toBeLessThan(need('lora', checkpointed) / 3);
    expect(need('full', checkpointed)).toBeGreaterThan(2 * 25);
  });

  it('is told in parts, with the ways to lower it', () => {
    expect(memoryNeed(spec('lora'), model).message).toMatch(/GiB a GPU: weights 25\.1 GiB.*1 x 512 tokens/);
    expect(waysToFit(spec('lora'))).toBe(
      'set training.gradientCheckpointing, lower dataset.maxLength, use method qlora',
    );
  });
});
