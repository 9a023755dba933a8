import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judge, pairLosses, pairMatches } from './judge.js';
import { signTest } from './sign-test.js';

describe('signTest', () => {
  it.each([
    [0, 0, 1],
    [5, 0, 0.0625],
    [6, 0, 0.03125],
    [8, 2, 0.109375],
    [15, 5, 0.04138946533203125],
  ])('of %i wins and %i losses has the p of the binomial distribution', (wins, losses, p) => {
    expect(signTest(wins, losses)).toBeCloseTo(p, 12);
  });

  it('is symmetric, at most 1, and smaller for a more uneven split', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 0, max: 100 }), (wins, losses) => {
        const p = signTest(wins, losses);
        expect(p).toBe(signTest(losses, wins));
        expect(p).toBeGreaterThan(0);
        expect(p).toBeLessThanOrEqual(1);
        if (wins > losses) expect(signTest(wins + 1, losses)).toBeLessThanOrEqual(p);
      }),
    );
  });
});

const row = (baseLoss: number, tunedLoss: number) => ({
  place: '',
  question: '',
  reference: 'r',
  baseLoss,
  tunedLoss,
});
const answered = (base: string, tuned: string) => ({ place: '', question: '', reference: 'r', base, tuned });
const repeat = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

describe('judge', () => {
  const ofLosses = (rows: Parameters<typeof pairLosses>[0]) => {
    const loss = pairLosses(rows);
    return judge(loss === undefined ? {} : { loss });
  };

  it('calls a lower loss on all rows better, with the counts', () => {
    expect(ofLosses(repeat(10, row(3, 1)))).toEqual({
      outcome: 'better',
      text: 'Better than the base model: the loss is lower on 10 of 10 held-out rows (mean 3.0000 before, 1.0000 after, p = 0.002).',
    });
    expect(ofLosses(repeat(10, row(1, 3))).outcome).toBe('worse');
  });

  it('tells no difference from few rows, from even ones, or from equal losses', () => {
    expect(ofLosses(repeat(5, row(3, 1))).outcome).toBe('same');
    expect(ofLosses([...repeat(10, row(3, 1)), ...repeat(8, row(1, 3))]).outcome).toBe('same');
    expect(ofLosses(repeat(50, row(1, 1))).outcome).toBe('same');
  });

  it('says that nothing can be told without held-out rows', () => {
    expect(judge({}).outcome).toBe('unknown');
    expect(judge({}).text).toContain('dataset.split');
  });

  it('lets right answers decide where they differ beyond chance, and the losses otherwise', () => {
    const loss = pairLosses(repeat(20, row(3, 1)))!;
    const worse = pairMatches(repeat(10, answered('r', 'x')))!;
    expect(judge({ loss, exactMatch: worse }).outcome).toBe('worse');
    const even = pairMatches([...repeat(10, answered('x', 'y')), answered(' r ', 'r')])!;
    expect(even).toMatchObject({ base: 1, tuned: 1, better: 0, worse: 0, equal: 11, p: 1 });
    const { outcome, text } = judge({ loss, exactMatch: even });
    expect(outcome).toBe('better');
    expect(text).toContain(
      'it answers 1 of 11 held-out rows right, the base 1 (0 gained, 0 lost, p = 1.000)',
    );
  });
});
