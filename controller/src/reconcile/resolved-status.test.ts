import { expect, it } from 'vitest';
import type { FineTuneJob } from '../api/index.js';
import type { JobFacts } from './facts.js';
import { resolvedStatus } from './resolved-status.js';

const job = { status: { resolved: { method: { type: 'full' } } } } as unknown as FineTuneJob;

const resolved = (fields: readonly string[]) =>
  ({
    pin: { source: 'hf://a/b', commit: 'c' },
    method: { type: 'lora', lora: { rank: 16, alpha: 32 } },
    training: { epochs: 3, beta1: 0.9, scheduler: 'cosine', checkpoint: { uri: 'file:///c', keep: 2 } },
    dataset: { sources: [{ uri: 'file:///d', weight: 1 }], packing: false, split: { validation: 0.1 } },
    runPolicy: { backoffLimit: 3 },
    reasons: fields.map((field) => ({ field, reason: 'why' })),
  }) as unknown as JobFacts['resolved'];

const told = (...fields: string[]) => resolvedStatus({ job, resolved: resolved(fields) });

it('tells what was filled in, with the reason, and repeats neither the spec nor fixed defaults', () => {
  expect(told('method.lora.rank', 'training.scheduler')).toEqual({
    model: { source: 'hf://a/b', commit: 'c' },
    method: { type: 'lora', lora: { rank: 16 } },
    training: { scheduler: 'cosine', checkpoint: { uri: 'file:///c' } },
    reasons: [
      { field: 'method.lora.rank', reason: 'why' },
      { field: 'training.scheduler', reason: 'why' },
    ],
  });
});

it('tells a split with the sources it is of, and passes over fields of other blocks', () => {
  expect(told('dataset.split', 'runPolicy.backoffLimit', 'training.none.such')).toMatchObject({
    dataset: { sources: [{ uri: 'file:///d' }], split: { validation: 0.1 } },
    training: { checkpoint: { uri: 'file:///c' } },
  });
});

it('stays as it is while the spec cannot be used', () => {
  expect(resolvedStatus({ job, resolved: undefined })).toBe(job.status?.resolved);
});
