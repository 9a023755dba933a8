import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { UserError } from '../errors.js';
import { characterTokenizer, hasReal, REAL } from './test-data.js';
import { Tokenizer } from './tokenizer.js';
import { WordCache } from './word-cache.js';

describe('Tokenizer', () => {
  it('knows its special ids and leaves them out of decoded text', () => {
    const tokenizer = characterTokenizer();
    expect([tokenizer.bosId, tokenizer.eosId, tokenizer.padId]).toEqual([0, 1, 1]);
    expect(tokenizer.encode('<s>a</s>').map((id) => tokenizer.tokenOf(id))).toEqual(['<s>', 'a', '</s>']);
    expect(tokenizer.decode(tokenizer.encode('<s>a b</s>'))).toBe('a b');
    expect(tokenizer.decode([])).toBe('');
    expect(tokenizer.encode('')).toEqual([]);
    expect(tokenizer.vocabularySize).toBe(100);
  });

  it('remembers how words are divided in a cache that does not reorder itself', () => {
    const folder = new URL('../../../deploy/examples/base-model', import.meta.url);
    const pipeline: unknown = Reflect.get(Tokenizer.load(fileURLToPath(folder)), 'pipeline');
    expect(pipeline).toHaveProperty('model.cache', expect.any(WordCache));
  });

  it('says which file is missing', () => {
    expect(() => Tokenizer.load('/nowhere')).toThrow(UserError);
    expect(() => Tokenizer.load('/nowhere')).toThrow(/nowhere\/tokenizer\.json/);
  });
});

/** Texts and their ids as Hugging Face's own library encodes them, without added special tokens. */
function goldenCases(name: string): { text: string; ids: number[] }[] {
  const folder = `${REAL}tokenizers/golden/`;
  const texts = readFileSync(`${folder}${name}.inp`, 'utf8').split('\n__ggml_vocab_test__\n');
  const rows = readFileSync(`${folder}${name}.out`, 'utf8').split('\n');
  return texts.map((text, index) => ({
    text,
    ids: rows[index]!.trim().split(/\s+/).filter(Boolean).map(Number),
  }));
}

describe.skipIf(!hasReal)('real tokenizers (skipped without the reference folder)', () => {
  const load = (name: string) => {
    const folder = `${REAL}tokenizers/${name}`;
    const files = ['tokenizer.json', 'tokenizer_config.json'].map((file) => {
      try {
        return z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')));
      } catch {
        return {};
      }
    });
    return new Tokenizer({ tokenizer: files[0]!, config: files[1]!, generation: {} });
  };

  it.each([
    ['gpt-2', 'gpt2'],
    ['qwen2', 'qwen2.5'],
    ['phi-3', 'phi-3'],
  ])('%s encodes as the golden file says', (golden, name) => {
    const tokenizer = load(name);
    const cases = goldenCases(golden);
    expect(cases.length).toBeGreaterThan(40);
    for (const { text, ids } of cases) {
      expect(tokenizer.encode(text), JSON.stringify(text)).toEqual(ids);
    }
  });

  it.each(['gpt2', 'qwen2.5'])('%s gives back what it was given', (name) => {
    const tokenizer = load(name);
    for (const { text } of goldenCases('gpt-2'))
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(text.normalize());
  });

  it('a continued SentencePiece text gets no space of its own', () => {
    const tokenizer = load('mistral-v3');
    for (const [before, text] of [
      ['[INST] Hi [/INST]', ' Hello there'],
      ['Question: why', '\nAnswer: so'],
    ] as const) {
      const parts = [...tokenizer.encode(before), ...tokenizer.encodeContinuation(text, before)];
      expect(parts).toEqual(tokenizer.encode(before + text));
    }
    // No token holds both sides of this seam: the answer stands alone, without the space.
    const alone = tokenizer.encodeContinuation('llo', 'He');
    expect(alone.map((id) => tokenizer.tokenOf(id)).join('')).toBe('llo');
    expect(tokenizer.encodeSequence('x')[0]).toBe(tokenizer.bosId);
  });
});
