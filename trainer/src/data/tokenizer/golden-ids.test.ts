import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { checkTokenizer } from '../tokenizer-limits.js';
import { Tokenizer } from '../tokenizer.js';

const part = z.record(z.string(), z.unknown());
const golden = z
  .object({
    texts: z.string().array(),
    vocabulary: z.string().array(),
    merges: z.string().array().array(),
    cases: z.record(
      z.string(),
      z.object({
        normalizer: part.optional(),
        pre_tokenizer: part.optional(),
        added: part.optional(),
        model: part.optional(),
        ids: z.string().array(),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync(new URL('./golden-ids.json', import.meta.url), 'utf8')));

describe('a tokenizer divides texts as the library in Rust does', () => {
  it.each(Object.entries(golden.cases))('with %s', (_, { normalizer, pre_tokenizer, added, model, ids }) => {
    const tokenizer = {
      version: '1.0',
      added_tokens: added === undefined ? [] : [added],
      normalizer: normalizer ?? null,
      pre_tokenizer: pre_tokenizer ?? null,
      post_processor: null,
      decoder: null,
      model: {
        type: 'BPE',
        unk_token: '<unk>',
        vocab: Object.fromEntries(golden.vocabulary.map((token, id) => [token, id])),
        merges: golden.merges,
        ...model,
      },
    };
    checkTokenizer(tokenizer, {}, 'tokenizer.json');
    const read = new Tokenizer({ tokenizer, config: {}, generation: {} });
    expect(golden.texts.map((text) => read.encode(text).join(' '))).toEqual(ids);
  });
});
