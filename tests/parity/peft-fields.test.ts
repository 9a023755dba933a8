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
  const targets = fields['target_modules'];
  return {
    ...fields,
    base_model_name_or_path: null,
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
  ])('of %s has the fields and values that PEFT writes', (name, base) => {
    const model = loadModel(join(cases, 'bases', base));
    const place = join(cases, name, 'adapter_final', 'adapter_config.json');
    const theirs = readJsonFile(place);
    const peft = readPeftConfig(new JsonFields(theirs, place), model.config);
    const adapter =
      peft.kind === 'lora' ? new Lora(model, peft.options, 1) : new PromptAdapter(model, peft.method, 1);
    const folder = mkdtempSync(join(tmpdir(), 'fields-'));
    adapter.save(folder);
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
