import { assert, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TextStream } from './text-stream.js';

/** A decoder of single bytes, as byte-level tokenizers are. */
const textOf = (ids: readonly number[]): string => Buffer.from(ids).toString('utf8');

function streamed(text: string): string[] {
  const stream = new TextStream(textOf);
  return [...Array.from(Buffer.from(text), (byte) => stream.push(byte)), stream.end()];
}

describe('a text stream', () => {
  it('writes a character when all its bytes are there', () => {
    expect(streamed('第1条')).toEqual(['', '', '第', '1', '', '', '条', '']);
  });

  it('writes no space before or behind an answer', () => {
    expect(streamed(' a b ').join('')).toBe('a b');
  });

  it('writes the same as the whole text, whatever it is', () => {
    assert(
      property(string({ unit: 'binary', maxLength: 12 }), (text) => {
        const whole = textOf([...Buffer.from(text)]);
        expect(streamed(text).join('')).toBe(whole.trim());
      }),
    );
  });
});
