import { afterEach, describe, expect, it, vi } from 'vitest';
import { en as cliEnglish } from '../../controller/src/cli/words/en/index.js';
import { zh as cliChinese } from '../../controller/src/cli/words/zh/index.js';
import { en } from '../../trainer/src/words/en/index.js';
import { words } from '../../trainer/src/words/index.js';
import { zh } from '../../trainer/src/words/zh/index.js';

/** Every sentence of a dictionary with its path; figures are words that no sentence has by itself. */
function* sentences(
  dictionary: object,
  path = '',
): Generator<{ path: string; text: string; given: readonly string[] }> {
  for (const [key, value] of Object.entries(dictionary) as [string, unknown][]) {
    const here = path === '' ? key : `${path}.${key}`;
    if (typeof value === 'function') {
      const given = Array.from({ length: value.length }, (_, index) => `<${index}>`);
      yield { path: here, text: String((value as (...args: string[]) => unknown)(...given)), given };
    } else if (typeof value === 'string') yield { path: here, text: value, given: [] };
    else if (typeof value === 'object' && value !== null) yield* sentences(value, here);
  }
}

afterEach(() => void vi.unstubAllEnvs());

describe.each([
  ['the trainer', en, zh],
  ['the commands', cliEnglish, cliChinese],
])('the dictionaries of %s', (_, english, translated) => {
  const chinese = [...sentences(translated)];

  it('have the same sentences', () => {
    const names = (all: Iterable<{ path: string }>) => [...all].map(({ path }) => path).sort();
    expect(names(chinese)).toEqual(names(sentences(english)));
  });

  it('say every figure that they are given', () => {
    for (const { path, text, given } of [...chinese, ...sentences(english)])
      for (const figure of given) expect(text, path).toContain(figure);
  });

  it('have Chinese words with Chinese punctuation', () => {
    for (const { path, text } of chinese) {
      expect(text, path).toMatch(/\p{Script=Han}/u);
      expect(text, path).not.toMatch(/\p{Script=Han}[,;:?!]|[,;:?!] ?\p{Script=Han}/u);
    }
  });
});

it('a dictionary is chosen by the environment', () => {
  expect(words()).toBe(en);
  vi.stubEnv('TUNEYARD_LANG', 'zh');
  expect(words().rows.missing('output')).toBe('缺少字段“output”');
});
