import { describe, expect, it } from 'vitest';
import { UserError } from '../../errors.js';
import { Tokenizer } from '../tokenizer.js';
import { needsWatching } from './published-patterns.js';
import { OverTimeError, TimeAllowance } from './time-allowance.js';

const slow = () => 'a'.repeat(30_000).replace(/.*.*.*x/, '');

describe('TimeAllowance', () => {
  it('ends work within one regular expression', () => {
    const allowance = new TimeAllowance({ base: 30, perCharacter: 0 });
    expect(allowance.run(0, () => 1 + 1)).toBe(2);
    expect(() => allowance.run(0, slow)).toThrow(OverTimeError);
  });

  it('counts the time of all texts together', () => {
    const allowance = new TimeAllowance({ base: 20, perCharacter: 0 });
    const spend = () => {
      const until = performance.now() + 8;
      while (performance.now() < until);
    };
    expect(() => {
      for (let text = 0; text < 10; text++) allowance.run(0, spend);
    }).toThrow(OverTimeError);
    const longer = new TimeAllowance({ base: 20, perCharacter: 1 });
    expect(() => {
      for (let text = 0; text < 10; text++) longer.run(1000, spend);
    }).not.toThrow();
  });

  it('hands on what the work throws', () => {
    const failing = () => {
      throw new UserError('no');
    };
    expect(() => new TimeAllowance().run(0, failing)).toThrow(UserError);
  });
});

describe('needsWatching', () => {
  const split = (Regex: string) => ({ pre_tokenizer: { type: 'Split', pattern: { Regex } } });

  it('knows the patterns of published tokenizers', () => {
    expect(
      needsWatching(
        split(
          "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
        ),
      ),
    ).toBe(false);
  });

  it.each([
    ['another pattern', split('.*.*.*x')],
    ['one of a normalizer', { normalizer: { type: 'Replace', pattern: { Regex: 'a*a*b' }, content: '' } }],
    ['a giant added token', { added_tokens: [{ content: 'a'.repeat(1000) }] }],
    ['a giant piece', { model: { vocab: [['a'.repeat(1000), 0]] } }],
  ])('watches %s', (_, tokenizer) => {
    expect(needsWatching(tokenizer)).toBe(true);
  });
});

describe('a tokenizer whose pattern takes a power of the length of a text', () => {
  it('refuses the text, and names the pattern', () => {
    const pattern = (Regex: string) => ({
      type: 'Split',
      pattern: { Regex },
      behavior: 'Isolated',
      invert: false,
    });
    const tokenizer = new Tokenizer({
      place: '/m/tokenizer.json',
      tokenizer: {
        normalizer: null,
        pre_tokenizer: { type: 'Sequence', pretokenizers: [pattern('\\d'), pattern('.*.*.*.*x')] },
        post_processor: null,
        decoder: null,
        added_tokens: [],
        model: { type: 'BPE', vocab: { a: 0 }, merges: [] },
      },
      config: {},
      generation: {},
      allowance: new TimeAllowance({ base: 200 }),
    });
    expect(() => tokenizer.encode('a'.repeat(8000))).toThrow(
      '/m/tokenizer.json: the pattern ".*.*.*.*x" took far longer than a text of 8000 characters should; write it without repetitions that overlap, or use another tokenizer.',
    );
  });
});
