import { describe, expect, it } from 'vitest';
import {
  beginsSequences,
  generationStopIds,
  specialTokenId,
  templateTokens,
  type SpecialTokenFiles,
} from './special-tokens.js';

const VOCABULARY: Readonly<Record<string, number>> = {
  '<s>': 1,
  '</s>': 2,
  '<|im_end|>': 7,
  '<|endoftext|>': 9,
};
const idsOf = (files: Partial<SpecialTokenFiles>) => {
  const whole = { config: {}, generation: {}, ...files };
  return (['bos', 'eos'] as const).map((token) => specialTokenId(token, whole, (text) => VOCABULARY[text]));
};

describe('special tokens are read where transformers reads them', () => {
  it.each([
    ['tokenizer_config.json', { config: { bos_token: '<s>', eos_token: { content: '</s>' } } }, [1, 2]],
    [
      'special_tokens_map.json alone',
      { specialTokensMap: { bos_token: { content: '<s>' }, eos_token: '</s>' } },
      [1, 2],
    ],
    [
      'special_tokens_map.json against tokenizer_config.json',
      { config: { eos_token: '</s>' }, specialTokensMap: { eos_token: '<|im_end|>' } },
      [undefined, 7],
    ],
    [
      'not special_tokens_map.json beside added_tokens_decoder',
      {
        config: { eos_token: '</s>', added_tokens_decoder: {} },
        specialTokensMap: { eos_token: '<|im_end|>' },
      },
      [undefined, 2],
    ],
    ['the class of the tokenizer', { config: { tokenizer_class: 'LlamaTokenizerFast' } }, [1, 2]],
    ['the class by the architecture', { model: { model_type: 'qwen2' } }, [undefined, 9]],
    [
      'generation_config.json',
      { generation: { bos_token_id: 1, eos_token_id: [2, 7] }, model: { eos_token_id: 9 } },
      [1, 2],
    ],
    ['config.json', { model: { model_type: 'mistral', bos_token_id: 1, eos_token_id: 2 } }, [1, 2]],
    ['nothing', {}, [undefined, undefined]],
    [
      'no begin where it is null',
      { config: { bos_token: null, eos_token: '</s>' }, model: { bos_token_id: 1 } },
      [undefined, 2],
    ],
  ] satisfies [string, Partial<SpecialTokenFiles>, (number | undefined)[]][])('%s', (_, files, expected) => {
    expect(idsOf(files)).toEqual(expected);
  });

  it('generation ends at the ids of generation_config.json, else at those of config.json', () => {
    const model = { eos_token_id: 9 };
    expect(generationStopIds({ config: {}, generation: { eos_token_id: [2, 7] }, model })).toEqual([2, 7]);
    expect(generationStopIds({ config: {}, generation: {}, model })).toEqual([9]);
  });

  it('a named class of sequences with a begin adds it', () => {
    const config = { tokenizer_class: 'LlamaTokenizer' };
    expect(beginsSequences({ config, generation: {} })).toBe(true);
    expect(beginsSequences({ config: { ...config, add_bos_token: false }, generation: {} })).toBe(false);
    expect(
      beginsSequences({ config: { tokenizer_class: 'PreTrainedTokenizerFast' }, generation: {} }),
    ).toBeUndefined();
  });
});

it('the other special tokens are given to templates as the files name them', () => {
  const generation = {};
  expect(
    templateTokens({
      config: { pad_token: { content: '<pad>' }, unk_token: '<unk>', mask_token: null },
      specialTokensMap: {
        pad_token: '<|endoftext|>',
        additional_special_tokens: ['<a>', { content: '<b>' }],
      },
      generation,
    }),
  ).toEqual({
    pad_token: '<|endoftext|>',
    unk_token: '<unk>',
    additional_special_tokens: ['<a>', '<b>'],
  });
  expect(
    templateTokens({
      config: { added_tokens_decoder: {}, pad_token: '<pad>' },
      specialTokensMap: { pad_token: '<|endoftext|>' },
      generation,
    }),
  ).toEqual({ pad_token: '<pad>' });
});
