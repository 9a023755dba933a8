import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Lora, PromptAdapter, readPeftConfig } from '@tuneyard/trainer/adapter';
import { loadModel } from '@tuneyard/trainer/model';
import { JsonFields, readJsonFile } from '@tuneyard/trainer/support';
import { selectBackend } from '@tuneyard/trainer/tensor';
import { beforeAll, describe, expect, it } from 'vitest';

const cases = fileURLToPath(new URL('cases', import.meta.url));

/** What differs by nature: where the base lies; PEFT keeps the targets as a set without an order. */
function comparable(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const pattern = fields['layers_pattern'];
  const targets = fields['target_modules'];
  return {
    ...fields,
    base_model_name_or_path: null,
    // One name and a list of it mean the same.
    ...(typeof pattern === 'string' ? { layers_pattern: [pattern] } : {}),
    ...(Array.isArray(targets) ? { target_modules: targets.map(String).toSorted() } : {}),
  };
}

describe('adapter_config.json', () => {
  beforeAll(() => selectBackend({ force: 'wasm' }));

  it.each([
    ['llama-lora', 'llama'],
    ['llama-lora-qv-accum', 'llama'],
    ['llama-rslora', 'llama'],
    ['llama-dora', 'llama'],
    ['llama-ptuning-mlp', 'llama'],
    ['llama-ptuning-lstm', 'llama'],
    ['llama-prefix', 'llama'],
    ['llama-prefix-projection', 'llama'],
    ['llama-prompt', 'llama'],
    ['gpt2-lora', 'gpt2'],
    ['small-dora-rslora', 'llama-small'],
    ['small-patterns', 'llama-small'],
    ['small-patterns-dora-rslora', 'llama-small'],
    ['small-regex-exclude', 'llama-small'],
    ['small-layers', 'llama-small'],
    ['small-save-untied', 'llama-small'],
    ['small-save-tied-both', 'llama-small-tied'],
    ['small-save-tied-embedding', 'llama-small-tied'],
    ['small-save-tied-head', 'llama-small-tied'],
    ['small-save-norms', 'llama-small'],
    ['gpt2-save-head-layers', 'gpt2-small'],
  ])('of %s has the fields and values that PEFT writes', (name, base) => {
    const model = loadModel(join(cases, 'bases', base));
    const place = join(cases, name, 'adapter_final', 'adapter_config.json');
    const theirs = readJsonFile(place);
    const peft = readPeftConfig(new JsonFields(theirs, place), model.config);
    const adapter =
      peft.kind === 'lora' ? new Lora(model, peft.options, 1) : new PromptAdapter(model, peft.method, 1);
    const folder = mkdtempSync(join(tmpdir(), 'fields-'));
    adapter.save(folder, { name: 'base' });
    const ours: Record<string, unknown> = JSON.parse(
      readFileSync(join(folder, 'adapter_config.json'), 'utf8'),
    );
    expect(Object.keys(ours)).toEqual(Object.keys(ours).toSorted());
    expect(comparable(ours)).toEqual(comparable(theirs));
    rmSync(folder, { recursive: true });
    adapter.dispose();
    model.dispose();
  });
});
