import * as fc from 'fast-check';
import { MethodType } from '@tuneyard/proto';
import { describe, expect, it } from 'vitest';
import { methodSchema, METHOD_TYPES } from './method.js';
import { parseFineTuneJobSpec } from './parse.js';
import { resolveSpec } from './resolve.js';
import { trainingSchema } from './training.js';
import { toTrainerConfig } from './trainer-config.js';

const spec = (more: object = {}) =>
  parseFineTuneJobSpec({
    queueName: 'q',
    model: { source: 'file:///m' },
    dataset: { sources: [{ uri: 'file:///d' }] },
    output: { uri: 'file:///out/' },
    ...more,
  });

describe('resolveSpec', () => {
  it('chooses LoRA on all linear layers and says why', () => {
    const resolved = resolveSpec(spec());
    expect(resolved.method).toMatchObject({
      type: 'lora',
      lora: { rank: 16, alpha: 32, targetModules: ['all-linear'] },
    });
    expect(resolved.training).toMatchObject({
      learningRate: 2e-4,
      scheduler: 'cosine',
      warmupRatio: 0.03,
      epochs: 3,
    });
    expect(resolved.training.checkpoint.uri).toBe('file:///out-checkpoints');
    expect(resolved.reasons.map(({ field }) => field)).toContain('training.learningRate');
  });

  it.each([
    ['style', 8],
    ['task', 8],
    ['knowledge', 32],
    ['reasoning', 64],
  ])('gives LoRA the rank that the goal %s needs, unless the user says another', (goal, rank) => {
    const { method, reasons } = resolveSpec(spec({ goal }));
    expect(method).toMatchObject({ type: 'lora', lora: { rank, alpha: 2 * rank } });
    expect(reasons.map(({ field }) => field)).toContain('method.lora.rank');
    const given = resolveSpec(spec({ goal, method: { lora: { rank: 4 } } }));
    expect(given.method).toMatchObject({ lora: { rank: 4 } });
  });

  it.each([
    [{}, 1, 1],
    [{ min: 3 }, 3, 3],
    // As the API server fills it in.
    [{ min: 3, max: 1 }, 3, 3],
    [{ min: 2, max: 4 }, 2, 4],
    [{ max: 4 }, 1, 4],
  ])('takes the range %j as %i to %i workers', (workers, min, max) => {
    expect(resolveSpec(spec({ workers })).workers).toMatchObject({ min, max });
  });

  it('tells the workers every Secret that the job names for an address', () => {
    const named = (name: string) => ({ secretRef: { name } });
    const config = toTrainerConfig(
      resolveSpec(
        spec({
          model: { source: 'hf://org/m', ...named('of-model') },
          dataset: { sources: [{ uri: 's3://b/a', ...named('of-data') }, { uri: 'file:///d' }] },
          method: {
            type: 'lora',
            lora: { init: 'adapter', initFrom: 's3://b/i', initFromSecretRef: { name: 'of-start' } },
          },
          output: { uri: 's3://b/o', ...named('of-output') },
        }),
      ),
    );
    expect(config.model?.secret).toBe('of-model');
    expect(config.dataset?.sources.map(({ secret }) => secret)).toEqual(['of-data', '']);
    expect(config.method?.lora?.initFromSecret).toBe('of-start');
    expect(config.output?.secret).toBe('of-output');
    expect(config.training?.checkpoint?.secret).toBe('of-output');
  });

  it('keeps what the user gave and gives no reason for it', () => {
    const resolved = resolveSpec(
      spec({ method: { type: 'lora', lora: { rank: 4 } }, training: { learningRate: 1e-3 } }),
    );
    expect(resolved.method).toMatchObject({ lora: { rank: 4, alpha: 8 } });
    const fields = resolved.reasons.map(({ field }) => field);
    expect(fields).not.toContain('training.learningRate');
    expect(fields).not.toContain('method.lora.rank');
    expect(fields).toContain('method.lora.alpha');
  });

  it('gives steps instead of epochs when asked', () => {
    const config = toTrainerConfig(resolveSpec(spec({ training: { steps: 7 } })));
    expect(config.training).toMatchObject({ steps: 7, epochs: 0 });
  });

  it.each([
    [{}, { train: 0.9, validation: 0.1, test: 0 }],
    [{ split: { train: 0.8 } }, { train: 0.8, validation: 0.2, test: 0 }],
    [{ split: { test: 0.1 } }, { train: 0.9, validation: 0, test: 0.1 }],
    [{ split: { train: 0.8, validation: 0.1 } }, { train: 0.8, validation: 0.1, test: 0.1 }],
    [{ sources: [{ uri: 'file:///d', split: 'test' }] }, { train: 1, validation: 0, test: 0 }],
  ])('fills the split of %j', (dataset, expected) => {
    const resolved = resolveSpec(spec({ dataset: { sources: [{ uri: 'file:///d' }], ...dataset } }));
    expect(resolved.dataset.split).toMatchObject(expected);
  });

  it('starts every method with a block of its own, in the form of the API', () => {
    for (const type of METHOD_TYPES) {
      const resolved = resolveSpec(spec({ method: { type } }));
      expect(methodSchema.safeParse(resolved.method).error).toBeUndefined();
      expect(trainingSchema.safeParse(resolved.training).error).toBeUndefined();
      const config = toTrainerConfig(resolved);
      expect(config.method?.type).not.toBe(MethodType.METHOD_TYPE_UNSPECIFIED);
    }
  });

  it('always divides the batch into whole micro-batches', () => {
    fc.assert(
      fc.property(
        fc.option(fc.integer({ min: 1, max: 4096 }), { nil: undefined }),
        fc.option(fc.integer({ min: 1, max: 64 }), { nil: undefined }),
        (batchSize, microBatchSize) => {
          fc.pre(batchSize === undefined || microBatchSize === undefined || batchSize % microBatchSize === 0);
          const given = {
            ...(batchSize === undefined ? {} : { batchSize }),
            ...(microBatchSize === undefined ? {} : { microBatchSize }),
          };
          const { training } = resolveSpec(spec({ training: given }));
          expect(training.batchSize % training.microBatchSize).toBe(0);
        },
      ),
    );
  });
});
