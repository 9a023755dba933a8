import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FineTuneJob } from '../api/index.js';
import { createResolver } from './resolve-cached.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tuneyard-shape-'));
  const config = {
    model_type: 'llama',
    hidden_size: 4096,
    intermediate_size: 11008,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    vocab_size: 32000,
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function memoryOf(source: string) {
  const spec = {
    queueName: 'team',
    model: { source },
    method: { type: 'lora' },
    dataset: { sources: [{ uri: 'file:///data/a.jsonl' }] },
    training: { gradientCheckpointing: true },
    output: { uri: 'file:///out' },
  };
  const resolved = createResolver({ allowPrivileged: false })({
    metadata: { name: 'a' },
    spec,
  } as unknown as FineTuneJob);
  if ('invalid' in resolved) throw new Error(resolved.invalid);
  return resolved.memory;
}

describe('the memory that a job needs', () => {
  it('is known where the folder of the base model can be read', () => {
    const memory = memoryOf(pathToFileURL(folder).href);
    expect(memory?.bytesPerGpu).toBeGreaterThan(25 * 2 ** 30);
    expect(memory?.message).toContain('weights 25.1 GiB');
  });

  it('is left open for a model elsewhere, a folder that is not there, and a config.json that is none', () => {
    expect(memoryOf('hf://Qwen/Qwen2.5-7B')).toBeUndefined();
    expect(memoryOf('file:///nowhere')).toBeUndefined();
    const broken = mkdtempSync(join(folder, 'broken-'));
    writeFileSync(join(broken, 'config.json'), '[1');
    expect(memoryOf(pathToFileURL(broken).href)).toBeUndefined();
  });
});

describe('a limit of the podTemplate', () => {
  const limited = (memory: string) =>
    createResolver({ allowPrivileged: false })({
      metadata: { name: 'a' },
      spec: {
        queueName: 'team',
        model: { source: 'hf://base' },
        dataset: { sources: [{ uri: 'file:///data/a.jsonl' }] },
        output: { uri: 'file:///out' },
        podTemplate: { spec: { containers: [{ name: 'trainer', resources: { limits: { memory } } }] } },
      },
    } as unknown as FineTuneJob);

  it('makes the spec invalid where it is less than a worker asks for', () => {
    expect(limited('1Gi')).toEqual({
      invalid:
        'spec.podTemplate.spec.containers[0].resources.limits.memory is 1Gi, less than the 1536Mi that a worker is estimated to need: raise it, or set requests.memory beside it',
    });
    expect(limited('2Gi')).not.toHaveProperty('invalid');
  });
});

describe('the micro-batch', () => {
  const spec = {
    queueName: 'team',
    model: { source: 'hf://base' },
    dataset: { sources: [{ uri: 'file:///data/a.jsonl' }] },
    training: { batchSize: 12, microBatchSize: 4 },
    output: { uri: 'file:///out' },
  };
  const resolve = createResolver({ allowPrivileged: false });
  const resolved = (microBatchSize?: number) => {
    const found = resolve({
      metadata: { name: 'a' },
      spec,
      status: { microBatchSize },
    } as unknown as FineTuneJob);
    if ('invalid' in found) throw new Error(found.invalid);
    return found;
  };

  it('of the status counts once a worker ran out of memory, with the reason; the batch stays the same', () => {
    expect(resolved().training.microBatchSize).toBe(4);
    const { training, reasons } = resolved(2);
    expect(training).toMatchObject({ batchSize: 12, microBatchSize: 2 });
    expect(reasons.find(({ field }) => field === 'training.microBatchSize')?.reason).toMatch(
      /ran out of memory/,
    );
  });

  it('of the spec counts where it is smaller, or where the other one does not divide the batch', () => {
    expect(resolved(8).training.microBatchSize).toBe(4);
    expect(resolved(5).training.microBatchSize).toBe(4);
  });
});
