import { displayWidth } from '@tuneyard/proto/display';
import { describe, expect, it } from 'vitest';
import { answerTable, comparisonLines } from './comparison-report.js';

const HEAD = ['question', 'reference', 'base', 'tuned'];
const CHINESE = '苏州分所的标准合同中，管辖法院在第几条？'.repeat(3);

describe('answerTable', () => {
  it('wraps Chinese and English beside each other within the terminal', () => {
    const lines = answerTable(HEAD, [[CHINESE, 'P-1', 'I do not know '.repeat(30), '第20条。']], 80);
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(80);
    expect(lines[0]).toMatch(/^question +│ reference +│ base +│ tuned$/);
    expect(lines.join('\n')).toContain('第20条。');
    // Head, rule, four lines of cells.
    expect(lines).toHaveLength(6);
    expect(lines.at(-1)).toContain('…');
  });

  it('stands below each other on a narrow terminal, and moves no cursor', () => {
    const lines = answerTable(HEAD, [['a\u001b[2Jb\nc', 'r', '', 't']], 40);
    expect(lines).toEqual(['question: a[2Jb c', 'reference: r', 'base:', 'tuned: t', '']);
  });
});

describe('comparisonLines', () => {
  const figures = { split: 'test', rows: 30, verdict: { outcome: 'better', text: 'Better.' } };
  it('shows rows with answers only, and ends with the verdict', () => {
    const rows = [
      { question: 'q1', reference: 'r1' },
      { question: 'q2', reference: 'r2', base: 'b2', tuned: 't2' },
    ];
    const lines = comparisonLines({ figures, rows }, 100);
    expect(lines[0]).toMatch(/^answers to 1 of 30 held-out rows \(test split\)/);
    expect(lines.join('\n')).not.toContain('q1');
    expect(lines.at(-1)).toBe('Better.');
  });

  it('says the verdict alone where no answer was generated', () => {
    expect(comparisonLines({ figures, rows: [] }, 100)).toEqual(['Better.']);
  });
});
