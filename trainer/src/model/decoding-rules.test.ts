import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../errors.js';
import { applyRules, likeliest, type DecodingRules } from './decoding-rules.js';
import { readDecodingRules } from './read-generation-config.js';

const NONE: DecodingRules = {
  repetitionPenalty: 1,
  noRepeatNgramSize: 0,
  suppressed: [],
  suppressedFirst: [],
  badWords: [],
  minLength: 0,
  minNewTokens: 0,
};
const LOGITS = Float32Array.of(2, -1, 0.5, 3, -0.25, 1);
const TEXT = { prompt: [3, 1, 4], added: [3, 1], stopIds: [2] };
const X = -Infinity;

/** By the logits processors of transformers 5.18 on the same logits. */
describe('the rules of a generation_config.json', () => {
  it.each<[Partial<DecodingRules>, number[]]>([
    [{ repetitionPenalty: 1.3 }, [2, -1.3, 0.5, 2.307692, -0.325, 1]],
    [{ noRepeatNgramSize: 1 }, [2, X, 0.5, X, X, 1]],
    [{ noRepeatNgramSize: 2 }, [2, -1, 0.5, 3, X, 1]],
    [{ noRepeatNgramSize: 3 }, [2, -1, 0.5, 3, X, 1]],
    [{ badWords: [[0], [3, 1, 5], [4, 1, 2]] }, [X, -1, 0.5, 3, -0.25, X]],
    [{ suppressed: [0, 5] }, [X, -1, 0.5, 3, -0.25, X]],
    [{ suppressedFirst: [3] }, [2, -1, 0.5, 3, -0.25, 1]],
    [{ minLength: 6 }, [2, -1, X, 3, -0.25, 1]],
    [{ minNewTokens: 3 }, [2, -1, X, 3, -0.25, 1]],
    [{ minNewTokens: 2 }, [2, -1, 0.5, 3, -0.25, 1]],
  ])('%j change the logits as transformers does', (rules, expected) => {
    const changed = applyRules(LOGITS, { ...NONE, ...rules }, TEXT);
    for (const [id, logit] of expected.entries()) {
      if (logit === X) expect(changed[id]).toBe(X);
      else expect(changed[id]).toBeCloseTo(logit, 5);
    }
    expect(LOGITS[0]).toBe(2);
  });

  it('suppress tokens of the begin at the begin', () => {
    const changed = applyRules(LOGITS, { ...NONE, suppressedFirst: [3] }, { ...TEXT, added: [] });
    expect(likeliest(changed)).toBe(0);
    expect(likeliest(LOGITS)).toBe(3);
  });
});

describe('readDecodingRules', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tuneyard-generation-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const read = (config: object) => {
    writeFileSync(join(folder, 'generation_config.json'), JSON.stringify(config));
    return readDecodingRules(folder);
  };

  it('asks for nothing where there is no file, or one with the options of callers', () => {
    expect(readDecodingRules(folder)).toBeUndefined();
    expect(
      read({
        _from_model_config: true,
        bos_token_id: 1,
        eos_token_id: [2, 3],
        do_sample: true,
        temperature: 0.6,
        top_p: 0.9,
        max_length: 4096,
        num_beams: 1,
        repetition_penalty: 1,
        forced_eos_token_id: null,
        transformers_version: '4.45.0',
      }),
    ).toBeUndefined();
  });

  it('reads what changes the choice of tokens', () => {
    expect(
      read({
        eos_token_id: 2,
        repetition_penalty: 1.05,
        no_repeat_ngram_size: 3,
        suppress_tokens: [7],
        begin_suppress_tokens: [8],
        bad_words_ids: [[4, 5], [2]],
        min_new_tokens: 4,
      }),
    ).toEqual({
      repetitionPenalty: 1.05,
      noRepeatNgramSize: 3,
      suppressed: [7],
      suppressedFirst: [8],
      badWords: [[4, 5]],
      minLength: 0,
      minNewTokens: 4,
    });
  });

  it.each([
    [{ num_beams: 4 }, 'num_beams', '1', 4],
    [{ forced_bos_token_id: 5 }, 'forced_bos_token_id', 'absent', 5],
    [{ stop_strings: ['###'] }, 'stop_strings', 'absent', ['###']],
    [{ min_p: 0.1 }, 'min_p', 'absent', 0.1],
    [{ dance_penalty: 1.5 }, 'dance_penalty', 'absent', 1.5],
  ])('%j is refused by name', (config, name, off, value) => {
    const place = join(folder, 'generation_config.json');
    expect(() => read(config)).toThrow(
      new UserError(
        `${place}: field "${name}" must be ${off} (others would change what is generated, and are not supported), but is ${JSON.stringify(value)}.`,
      ),
    );
  });

  it.each([{ repetition_penalty: 0 }, { suppress_tokens: ['a'] }, { bad_words_ids: 5 }, { min_length: -1 }])(
    '%j is no rule',
    (config) => {
      expect(() => read(config)).toThrow(UserError);
    },
  );
});
