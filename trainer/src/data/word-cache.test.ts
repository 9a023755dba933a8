import { describe, expect, it } from 'vitest';
import { WordCache } from './word-cache.js';

describe('WordCache', () => {
  it('keeps what is in use and forgets the rest', () => {
    const cache = new WordCache();
    for (let word = 0; word < 100_000; word++) {
      cache.put(`word ${word}`, [String(word)]);
      if (word % 1000 === 0) expect(cache.get('word 0')).toEqual(['0']);
    }
    expect(cache.get('word 99999')).toEqual(['99999']);
    expect(cache.get('word 5')).toBeUndefined();
    cache.clear();
    expect(cache.get('word 0')).toBeUndefined();
  });
});
