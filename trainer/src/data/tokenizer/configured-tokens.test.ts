import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../support/index.js';
import { Tokenizer } from '../tokenizer.js';

const TOKENS = ['<unk>', '</s>', '<|end|>', ...Array.from('</s>|endxyo '), 'lo'];

function encode(text: string, config: JsonObject, specialTokensMap: JsonObject = {}): string[] {
  const tokenizer = new Tokenizer({
    place: '/m/tokenizer.json',
    tokenizer: {
      normalizer: null,
      pre_tokenizer: null,
      post_processor: null,
      decoder: null,
      added_tokens: [{ id: 0, content: '<unk>', special: true }],
      model: {
        type: 'BPE',
        vocab: Object.fromEntries([...new Set(TOKENS)].map((token, id) => [token, id])),
        merges: [],
        unk_token: '<unk>',
      },
    },
    config,
    specialTokensMap,
    generation: {},
  });
  return tokenizer.encode(text).map((id) => tokenizer.tokenOf(id) ?? '');
}

describe('a special token of the vocabulary', () => {
  it.each<[string, JsonObject, JsonObject]>([
    ['eos_token', { eos_token: '</s>' }, {}],
    ['eos_token as an object', { eos_token: { content: '</s>', lstrip: false } }, {}],
    ['special_tokens_map.json', {}, { eos_token: '</s>' }],
    ['additional_special_tokens', { additional_special_tokens: ['</s>'] }, {}],
    ['extra_special_tokens', { extra_special_tokens: { end_token: '</s>' } }, {}],
    ['added_tokens_decoder', { added_tokens_decoder: { 1: { content: '</s>', special: true } } }, {}],
  ])('is not divided when %s names it', (_, config, map) => {
    expect(encode('x</s>y', config, map)).toEqual(['x', '</s>', 'y']);
  });

  it('is divided when no file names it', () => {
    expect(encode('x</s>', {})).toEqual(['x', '<', '/', 's', '>']);
  });

  it('takes white space along where added_tokens_decoder says so', () => {
    const stripping = { content: '</s>', lstrip: true, rstrip: true, special: true };
    expect(encode('x </s> y', { added_tokens_decoder: { 1: stripping } })).toEqual(['x', '</s>', 'y']);
  });

  it('is refused when two files give it different ids, or none does', () => {
    expect(() => encode('', { added_tokens_decoder: { 7: { content: '</s>' } } })).toThrow(
      '/m/tokenizer_config.json: field "added_tokens_decoder" gives "</s>" the id 7, but tokenizer.json 1; correct one of the files.',
    );
    expect(() => encode('', { additional_special_tokens: ['<|tool|>'] })).toThrow(
      '/m/tokenizer_config.json: field "additional_special_tokens" names "<|tool|>", which tokenizer.json has no id for, and the model no row; remove it, or add it to both.',
    );
  });
});

describe('add_prefix_space', () => {
  const byteLevel = (config: JsonObject, prefix = false) =>
    new Tokenizer({
      place: '/m/tokenizer.json',
      tokenizer: {
        normalizer: null,
        pre_tokenizer: { type: 'ByteLevel', add_prefix_space: prefix },
        post_processor: null,
        decoder: null,
        added_tokens: [],
        model: { type: 'BPE', vocab: { x: 0, Ġ: 1 }, merges: [] },
      },
      config,
      generation: {},
    });

  it('of the class of GPT-2 counts', () => {
    const gpt2 = { tokenizer_class: 'GPT2Tokenizer' };
    expect(byteLevel({ ...gpt2, add_prefix_space: true }).encode('x')).toEqual([1, 0]);
    expect(byteLevel({ ...gpt2, add_prefix_space: false }, true).encode('x')).toEqual([0]);
  });

  it('of another class must not contradict tokenizer.json', () => {
    expect(() => byteLevel({ tokenizer_class: 'Qwen2Tokenizer', add_prefix_space: true })).toThrow(
      '/m/tokenizer_config.json: field "add_prefix_space" is true, but tokenizer.json puts none before a text: releases of transformers differ in which of them counts; correct one of the files.',
    );
    expect(byteLevel({ tokenizer_class: 'Qwen2Tokenizer', add_prefix_space: false }).encode('x')).toEqual([
      0,
    ]);
  });
});
