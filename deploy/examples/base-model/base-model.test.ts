import { readFileSync, statSync } from 'node:fs';
import { Tokenizer } from '@tuneyard/trainer/data';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { makeCorpus, makeWorld } from './make-corpus.js';
import { trainTokenizer } from './train-tokenizer.js';

const HERE = fileURLToPath(new URL('.', import.meta.url));

describe('the base model', () => {
  const corpus = makeCorpus(makeWorld());
  const texts = corpus.flatMap((row) => [row.instruction, row.input, row.output]);

  it('stays under 4 MB', () => {
    expect(statSync(`${HERE}model.safetensors`).size).toBeLessThan(4_000_000);
  });

  it('has the tokenizer that its corpus makes', () => {
    const made: unknown = JSON.parse(JSON.stringify(trainTokenizer(texts, 1024)));
    expect(JSON.parse(readFileSync(`${HERE}tokenizer.json`, 'utf8'))).toEqual(made);
  });

  it('gives back every text, and spells codes digit by digit', () => {
    const tokenizer = Tokenizer.load(HERE);
    for (const text of texts.slice(0, 500)) expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    const tokens = tokenizer.encode('KX-417').map((id) => tokenizer.tokenOf(id));
    expect(tokens).toEqual(['K', 'X', '-', '4', '1', '7']);
  });

  it('never reads the same question twice', () => {
    expect(new Set(corpus.map(({ instruction, input }) => `${instruction}|${input}`)).size).toBeGreaterThan(
      corpus.length * 0.99,
    );
  });
});
