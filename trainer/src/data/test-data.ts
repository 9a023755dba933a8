/** @module What the tests of this room share. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatasetConfig, DatasetSource } from '@tuneyard/proto';
import { afterAll } from 'vitest';
import { Tokenizer } from './tokenizer.js';

/** Real tokenizers, templates and data sets; not part of the repository. */
export const REAL = new URL('../../../../shared/real/', import.meta.url).pathname;
export const hasReal = existsSync(REAL);

/** One id a character (printable ASCII and the line feed), after `<s>` 0, `</s>` 1 and the two chat marks. */
export function characterTokenizer(chatTemplate?: string): Tokenizer {
  const specials = ['<s>', '</s>', '<|user|>', '<|assistant|>'];
  const characters = ['\n', ...Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index))];
  const vocabulary = Object.fromEntries([...specials, ...characters].map((token, id) => [token, id]));
  return new Tokenizer({
    tokenizer: {
      version: '1.0',
      added_tokens: specials.map((content, id) => ({
        id,
        content,
        special: true,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
      })),
      normalizer: null,
      pre_tokenizer: null,
      post_processor: null,
      decoder: { type: 'Fuse' },
      model: { type: 'BPE', vocab: vocabulary, merges: [], unk_token: null },
    },
    config: { bos_token: '<s>', eos_token: '</s>', ...(chatTemplate ? { chat_template: chatTemplate } : {}) },
    generation: {},
  });
}

export const TURN_TEMPLATE =
  "{{ bos_token }}{% for message in messages %}{{ '<|' + message.role + '|>' + message.content + eos_token + '\\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Writes a data file into a new temporary folder, which goes with the test file, and returns its path. */
export function dataFile(name: string, content: string | readonly object[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'tuneyard-data-'));
  folders.push(folder);
  const path = join(folder, name);
  const text = typeof content === 'string' ? content : content.map((row) => JSON.stringify(row)).join('\n');
  writeFileSync(path, text);
  return path;
}

export function datasetOf(
  sources: readonly Partial<DatasetSource>[],
  rest: Partial<DatasetConfig> = {},
): DatasetConfig {
  return DatasetConfig.fromPartial({
    sources: sources.map((source) => DatasetSource.fromPartial({ format: 'auto', weight: 1, ...source })),
    split: { train: 1, validation: 0, test: 0, seed: 42 },
    template: 'auto',
    maxLength: 256,
    clean: { dedupe: true },
    ...rest,
  });
}
