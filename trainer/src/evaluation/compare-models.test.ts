import { describe, expect, it } from 'vitest';
import { compareModels, type ComparedModels } from './compare-models.js';
import { chooseHeldOut } from './held-out-rows.js';

function models(rows: number, split: 'test' | 'validation' | 'none' = 'test') {
  const asked: { model: string; rows: number; maxNewTokens: number }[] = [];
  const fake: ComparedModels = {
    heldOutRows: async () => ({
      split,
      total: rows * 2,
      rows: Array.from({ length: rows }, (_, at) => ({
        place: `rows.jsonl:${at}`,
        question: `q${at}`,
        reference: at === 0 ? '' : `r${at}`,
        referenceTokens: 5,
      })),
    }),
    rowLoss: async (row, model) => (model === 'base' ? 2 : 1) + row,
    rowAnswers: async (chosen, model, maxNewTokens) => {
      asked.push({ model, rows: chosen.length, maxNewTokens });
      return chosen.map((row) => `${model} ${row}`);
    },
  };
  return { fake, asked };
}
const rest = { maxNewTokens: 128, now: () => 0, isHurried: () => false };

describe('compareModels', () => {
  it('measures every row and shows answers to some, no longer than references and some more', async () => {
    const { fake, asked } = models(40);
    const { compared, ...figures } = await compareModels({ ...rest, models: fake, wantsAnswers: false });
    expect(figures).toEqual({
      split: 'test',
      rows: 80,
      comparedRows: 40,
      answeredRows: 8,
      maxNewTokens: 21,
      notes: [expect.stringContaining('40 of 80 held-out rows')],
    });
    expect(asked).toEqual([
      { model: 'base', rows: 8, maxNewTokens: 21 },
      { model: 'tuned', rows: 8, maxNewTokens: 21 },
    ]);
    expect(compared[1]).toEqual({
      place: 'rows.jsonl:1',
      question: 'q1',
      reference: 'r1',
      baseLoss: 3,
      tunedLoss: 2,
      base: 'base 1',
      tuned: 'tuned 1',
    });
  });

  it('answers every test row that has a reference where a metric asks for answers', async () => {
    const { fake, asked } = models(40);
    const { answeredRows } = await compareModels({ ...rest, models: fake, wantsAnswers: true });
    expect(answeredRows).toBe(39);
    expect(asked.every(({ maxNewTokens }) => maxNewTokens === 128)).toBe(true);
  });

  it('stops when its time is over, or the process is told to end, and says how far it came', async () => {
    let seconds = 0;
    const slow = await compareModels({
      ...rest,
      now: () => seconds++,
      models: models(200).fake,
      wantsAnswers: true,
    });
    expect(slow.comparedRows).toBeLessThan(200);
    expect(slow.notes[0]).toContain(`${slow.comparedRows} of 400`);
    const hurried = await compareModels({
      ...rest,
      isHurried: () => true,
      models: models(9).fake,
      wantsAnswers: true,
    });
    expect(hurried).toMatchObject({ comparedRows: 0, answeredRows: 0, compared: [] });
    expect(hurried.notes).toHaveLength(2);
  });
});

describe('chooseHeldOut', () => {
  const examples = (count: number) =>
    Array.from({ length: count }, (_, at) => ({ place: String(at) })) as never[];
  it('takes the test split, else validation, at even distances', () => {
    expect(chooseHeldOut({ test: examples(2), validation: examples(9) })).toMatchObject({
      split: 'test',
      total: 2,
    });
    expect(chooseHeldOut({ test: [], validation: [] })).toMatchObject({ split: 'none', examples: [] });
    const many = chooseHeldOut({ test: [], validation: examples(1000) });
    expect(many.examples).toHaveLength(200);
    expect(many.examples[199]).toEqual({ place: '995' });
  });
});
