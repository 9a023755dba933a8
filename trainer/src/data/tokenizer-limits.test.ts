import { describe, expect, it } from 'vitest';
import { checkTokenizer, mayBacktrackForever } from './tokenizer-limits.js';

describe('checkTokenizer', () => {
  it.each(['(a+)+$', '(?:a*)*', '(a|a)*b', '((a+)b?)+', '(\\s+|x)+', '([a-z]+){2,}', '(x+x+)+y'])(
    'refuses the pattern %s',
    (pattern) => {
      expect(mayBacktrackForever(pattern)).toBe(true);
      const tokenizer = {
        pre_tokenizer: { type: 'Sequence', pretokenizers: [{ pattern: { Regex: pattern } }] },
      };
      expect(() => checkTokenizer(tokenizer, {}, 'tokenizer.json')).toThrow(/take for ever/);
    },
  );

  it.each([
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}]*[\\p{Ll}\\p{M}]+(?i:'s|'t)?|\\p{N}{1,3}|[(+)*]+",
  ])('takes the published pattern %s', (pattern) => {
    expect(mayBacktrackForever(pattern)).toBe(false);
  });

  it('refuses sizes that no tokenizer has, and settings that divide a text otherwise', () => {
    const merges = Array.from({ length: (1 << 20) + 1 }, () => 'a b');
    expect(() => checkTokenizer({ model: { merges } }, {}, 't.json')).toThrow(/"model.merges" has 1048577/);
    expect(() => checkTokenizer({ model: { dropout: 0.1 } }, {}, 't.json')).toThrow(/"model.dropout" is 0.1/);
    expect(() => checkTokenizer({}, { split_special_tokens: true }, 't.json')).toThrow(
      /split_special_tokens/,
    );
  });
});
