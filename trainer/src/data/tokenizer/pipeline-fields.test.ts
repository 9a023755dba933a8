import { describe, expect, it } from 'vitest';
import { UserError } from '../../errors.js';
import { checkTokenizer } from '../tokenizer-limits.js';

const vocab = { '<unk>': 0, a: 1 };
const bpe = { type: 'BPE', vocab, merges: [] };

function check(tokenizer: Record<string, unknown>): void {
  checkTokenizer({ model: bpe, ...tokenizer }, {}, 't.json');
}

describe('the components of a tokenizer.json', () => {
  it.each([
    [
      { normalizer: { type: 'Precompiled', precompiled_charsmap: 'AAAA' } },
      't.json: normalizer: the type "Precompiled" is not supported; supported are NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Strip, Prepend, Replace, BertNormalizer, Sequence.',
    ],
    [
      { pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'FixedLength', length: 3 }] } },
      't.json: pre_tokenizer.pretokenizers[0]: the type "FixedLength" is not supported; supported are ByteLevel, Metaspace, Whitespace, WhitespaceSplit, BertPreTokenizer, Split, Punctuation, Digits, Sequence.',
    ],
    [
      { pre_tokenizer: { type: 'ByteLevel', add_suffix_space: true } },
      't.json: pre_tokenizer.add_suffix_space is true, but must be absent (no such field is known): else the text would be divided otherwise than by its own library.',
    ],
    [
      { model: { ...bpe, continuing_subword_prefix: '##' } },
      't.json: model.continuing_subword_prefix is "##", but must be empty (it is not supported): else the text would be divided otherwise than by its own library.',
    ],
    [{ model: { type: 'WordLevel', vocab } }, /^t.json: model: the type "WordLevel" is not supported; /],
    [{ decoder: { type: 'CTC' } }, /^t.json: decoder: the type "CTC" is not supported; /],
    [{ sampling: { alpha: 0.1 } }, /^t.json: sampling is \{"alpha":0.1\}, but must be absent/],
    [
      { added_tokens: [{ id: 1, content: 'a', whole_word: true }] },
      /^t.json: added_tokens\[0\].whole_word is true, but must be absent/,
    ],
    [
      { added_tokens: [{ id: 4_000_000_000, content: 'a' }] },
      't.json: field "added_tokens[0].id" is 4000000000; an id is an integer below 2097152.',
    ],
    [{ model: { ...bpe, vocab: { a: 1e9 } } }, /^t.json: field "model.vocab\["a"\]" is 1000000000; an id is/],
    [
      { model: { ...bpe, unk_token: '<none>' } },
      't.json: field "model.unk_token" is "<none>", which the vocabulary does not hold.',
    ],
    [
      { model: { type: 'Unigram', vocab: [['a', 0]], unk_id: null } },
      /"model.unk_id" must be the id of a piece/,
    ],
    [
      { model: { type: 'Unigram', vocab: [['a', 0]], unk_id: 0, byte_fallback: true } },
      /^t.json: model.byte_fallback is true, but must be empty/,
    ],
    [
      {
        pre_tokenizer: {
          type: 'Sequence',
          pretokenizers: [{ type: 'WhitespaceSplit' }, { type: 'Metaspace', prepend_scheme: 'first' }],
        },
      },
      't.json: pre_tokenizer.pretokenizers[1].prepend_scheme is "first", which is not supported behind another component.',
    ],
  ])('%j are refused by name', (tokenizer, message) => {
    expect(() => check(tokenizer)).toThrow(message);
    expect(() => check(tokenizer)).toThrow(UserError);
  });

  it('take the fields of published files, and a model that does not name its type', () => {
    expect(() =>
      check({
        version: '1.0',
        truncation: { max_length: 4 },
        padding: null,
        pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
        post_processor: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true },
        model: { dropout: null, unk_token: '<unk>', fuse_unk: false, vocab, merges: [] },
      }),
    ).not.toThrow();
  });
});
