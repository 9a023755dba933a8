import { describe, expect, it } from 'vitest';
import { pathMatcher } from './address.js';

describe('pathMatcher', () => {
  it.each([
    ['a/*.jsonl', 'a/b.jsonl', true],
    ['a/*.jsonl', 'a/b/c.jsonl', false],
    ['*', 'a', true],
    ['a*b*c', 'aXbYbZc', true],
    ['a*b*c', 'aXcYb', false],
    ['ab*ba', 'aba', false],
    ['a**b', 'ab', true],
    ['a.+b*', 'a.+bc', true],
    ['*/x', 'a/x', true],
  ])('%s of %s: %s', (pattern, path, matches) => {
    expect(pathMatcher(pattern)(path)).toBe(matches);
  });

  it('takes one pass, however many stars there are', () => {
    const began = performance.now();
    expect(pathMatcher(`${'*a'.repeat(100)}*b`)('a'.repeat(255))).toBe(false);
    expect(performance.now() - began).toBeLessThan(1000);
  });
});
