import { describe, expect, it } from 'vitest';
import { parseFineTuneJobSpec } from './parse.js';
import { resolveSpec } from './resolve.js';
import type { ResolveFacts } from './resolve-duration.js';

function trainingOf(facts: ResolveFacts, training: object = {}, type = 'lora') {
  const spec = parseFineTuneJobSpec({
    queueName: 'q',
    model: { source: 'file:///m' },
    method: { type },
    dataset: { sources: [{ uri: 'file:///d.jsonl' }] },
    output: { uri: 'file:///o' },
    training,
  });
  const resolved = resolveSpec(spec, facts);
  const reason = (field: string) => resolved.reasons.find((one) => one.field === `training.${field}`)?.reason;
  return { ...(resolved.training as { epochs?: number; batchSize: number; learningRate: number }), reason };
}

describe('defaults by size of data and model', () => {
  it.each([
    [{}, 3, 16, 2e-4],
    [{ trainExamples: 100_000, hiddenSize: 4096 }, 3, 16, 2e-4],
    [{ trainExamples: 274, hiddenSize: 128 }, 6, 16, 3.2e-3],
    [{ trainExamples: 200, hiddenSize: 896 }, 4, 8, 4.6e-4],
    [{ trainExamples: 30, hiddenSize: 16 }, 10, 4, 3.2e-3],
  ])('of %o', (facts, epochs, batchSize, learningRate) => {
    expect(trainingOf(facts)).toMatchObject({ epochs, batchSize, learningRate });
  });

  it('say why', () => {
    const { reason } = trainingOf({ trainExamples: 200, hiddenSize: 128 });
    expect(reason('epochs')).toBe('200 training examples make 25 steps a pass: 4 passes are 100 steps');
    expect(reason('batchSize')).toMatch(/^200 training examples are few/);
    expect(reason('learningRate')).toMatch(/128 wide bears 16 times the rate/);
  });

  it('change nothing that the user gave, and no rate of methods that train vectors in front of the model', () => {
    const facts = { trainExamples: 30, hiddenSize: 128 };
    const given = { epochs: 2, batchSize: 32, learningRate: 1e-3 };
    expect(trainingOf(facts, given)).toMatchObject(given);
    expect(trainingOf(facts, {}, 'prompt').learningRate).toBe(1e-2);
    expect(trainingOf(facts, { steps: 5 })).not.toHaveProperty('epochs');
    expect(trainingOf(facts, { microBatchSize: 3 }).batchSize).toBe(6);
  });
});
