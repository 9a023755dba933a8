import { assert, property, integer, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { displayWidth } from './display-width.js';
import { sideBySide } from './side-by-side.js';
import { withoutControls, wrapLines } from './wrap-lines.js';

describe('displayWidth', () => {
  it.each([
    ['abc', 3],
    ['合同', 4],
    ['e\u0301', 1],
    ['한글', 4],
    ['🚀', 2],
  ])('%s takes %d columns', (text, width) => expect(displayWidth(text)).toBe(width));
});

describe('wrapLines', () => {
  it.each([
    ['the court of Suzhou', 9, ['the court', 'of Suzhou']],
    ['incomprehensible', 6, ['incomp', 'rehens', 'ible']],
    ['管辖法院在第二十条', 8, ['管辖法院', '在第二十', '条']],
    ['管辖法院在苏州。', 14, ['管辖法院在苏', '州。']],
    ['第 20 条 of it', 7, ['第 20', '条 of', 'it']],
    ['one\n\ntwo', 5, ['one', '', 'two']],
    ['', 5, ['']],
  ])('divides %j at %d columns', (text, columns, lines) => expect(wrapLines(text, columns)).toEqual(lines));

  it('never writes more columns than there are, and loses no character', () => {
    assert(
      property(string({ unit: 'grapheme', maxLength: 80 }), integer({ min: 2, max: 40 }), (text, columns) => {
        const lines = wrapLines(text, columns);
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
        const bare = (some: string) => withoutControls(some).replaceAll(/\s/g, '');
        expect(bare(lines.join(''))).toBe(bare(text));
      }),
    );
  });

  it('lets no text move the cursor', () =>
    expect(withoutControls('a\u001b[2Jb\r\nc\u009b')).toBe('a[2Jb\nc'));
});

describe('sideBySide', () => {
  const texts = [
    { heading: 'base', text: '不可抗力在第29条。' },
    { heading: 'tuned', text: '管辖法院在第20条。' },
  ];

  it('sets Chinese answers in columns of equal width', () => {
    expect(sideBySide(texts, 39)).toEqual([
      'base               │ tuned',
      '────────────────── │ ──────────────────',
      '不可抗力在第29条。 │ 管辖法院在第20条。',
    ]);
  });

  it('sets answers below each other where columns would be too narrow', () => {
    expect(sideBySide(texts, 20)).toEqual(['base:', '不可抗力在第29条。', 'tuned:', '管辖法院在第20条。']);
  });
});
