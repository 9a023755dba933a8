import { describe, expect, it } from 'vitest';
import { patternFault } from './parse-pattern.js';
import { PythonPattern } from './python-pattern.js';

const Q0 = 'model.layers.0.self_attn.q_proj';
const UP12 = 'model.layers.12.mlp.up_proj';

describe('PythonPattern.fullMatch decides as re.fullmatch of Python', () => {
  it.each([
    [String.raw`.*\.(q|v)_proj`, Q0, true],
    [String.raw`.*\.(q|v)_proj`, UP12, false],
    [String.raw`q_proj`, Q0, false],
    [String.raw`(?!.*layers\.0\.).*proj`, Q0, false],
    [String.raw`(?!.*layers\.0\.).*proj`, UP12, true],
    [String.raw`model(?=\.).*(?<=up)_proj`, UP12, true],
    [String.raw`.*(?<!up)_proj`, UP12, false],
    [String.raw`model\.layers\.(\d{1,2})\..*`, UP12, true],
    [String.raw`model\.layers\.\d{,1}\..*`, UP12, false],
    [String.raw`model\.layers\.[0-9&&5]+\.mlp.*`, UP12, true],
    [String.raw`.*\.layers\.(?:1[0-5]|2\d)\.mlp\.(?:up|gate)_proj\Z`, UP12, true],
    [String.raw`(?P<a>model)\.layers.*`, Q0, true],
    [String.raw`(?i)MODEL\.LAYERS.*`, Q0, true],
    [String.raw`(l)ayers\.\1`, 'layers.l', true],
    [String.raw`(?P<x>ab)(?P=x)`, 'abab', true],
    [String.raw`(?P<x>ab)(?P=x)`, 'abba', false],
    [String.raw`a++a`, 'aaa', false],
    [String.raw`(?>a|ab)c`, 'abc', false],
    [String.raw`a{,}`, 'aaaa', true],
    [String.raw`a{x}`, 'a{x}', true],
    [String.raw`[]a]+`, ']a', true],
    [String.raw`[^.]+\.b`, 'a.b', true],
    [String.raw`\bq_proj\b`, 'q_proj', true],
    [String.raw`(a|b)*?c$`, 'abac', true],
    [String.raw`^a|b`, 'b', true],
    [String.raw`(|a)+b`, 'aab', true],
    ['', '', true],
  ])('%s on %s: %s', (source, text, expected) => {
    expect(new PythonPattern(source).fullMatch(text)).toBe(expected);
  });

  it.each(['(a+)+x', '(a|a)*x', '(.*)*x', '(.*.*.*.*.*.*)x', '(a*)*(a*)*b'])(
    'refuses %s on a long name instead of running for ever',
    (source) => {
      const started = process.hrtime.bigint();
      expect(() => new PythonPattern(source).fullMatch('a'.repeat(80))).toThrow(/too many steps on/);
      expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(2000);
    },
  );
});

describe('patternFault', () => {
  it.each([
    ['(q_proj', 'missing ), unterminated subpattern, at character 1'],
    ['q_proj)', 'unbalanced parenthesis, at character 7'],
    ['*_proj', 'nothing to repeat, at character 1'],
    ['a**', 'multiple repeat, at character 3'],
    ['[a-', 'unterminated character set, at character 1'],
    ['[b-a]', 'bad character range, at character 1'],
    [String.raw`\q`, String.raw`bad escape \q, at character 3`],
    ['a{3,2}', 'min repeat greater than max repeat, at character 7'],
    [String.raw`\2(a)`, 'invalid group reference 2, at character 3'],
    ['(?P=x)', 'unknown group name x, at character 6'],
    ['a\\', 'the pattern ends too early, at character 3'],
  ])('of %s says: %s', (source, fault) => {
    expect(patternFault(source)).toBe(fault);
  });
});
