import { describe, expect, it } from 'vitest';
import { advise, type TrainingCourse } from './advise.js';

const course: TrainingCourse = {
  quarters: [6.2, 2.2, 0.95, 0.93],
  baseEvalLoss: 9,
  evalLoss: 1,
  vocabularySize: 1024,
  heldOutRows: 30,
  stoppedEarly: false,
  learningRate: 0.0002,
  length: { field: 'training.epochs', value: 3 },
};
const reasons = (more: Partial<TrainingCourse>) => advise({ ...course, ...more }).map(({ reason }) => reason);

describe('advise', () => {
  it('has nothing to say of a run that converged to something better', () => {
    expect(reasons({})).toEqual([]);
  });

  it('says longer or faster, with numbers, while the loss still falls', () => {
    const [advice] = advise({ ...course, evalLoss: 4, quarters: [5.5, 5, 4.5, 4.1] });
    expect(advice).toEqual({
      reason: 'StillFalling',
      text: 'the training loss was still falling at the end, from 4.5000 to 4.1000 over the last quarter: train longer (--set training.epochs=9) or faster (--set training.learningRate=0.0006 instead of 0.0002)',
    });
    expect(reasons({ quarters: [5.5, 5, 4.5, 4.1], stoppedEarly: true })).toEqual([]);
    expect(reasons({ quarters: [5.5, 5] })).toEqual([]);
  });

  it('compares with guessing one of the tokens', () => {
    const [advice] = advise({ ...course, baseEvalLoss: 10.8, evalLoss: 8.4727 });
    expect(advice?.reason).toBe('WorseThanGuessing');
    expect(advice?.text).toContain('8.4727 is worse than guessing one of 1024 tokens (6.9315)');
    expect(reasons({ baseEvalLoss: undefined, evalLoss: undefined, quarters: [9, 8.9, 8.8, 8.7] })).toEqual([
      'WorseThanGuessing',
    ]);
  });

  it('tells learning by heart from steps that are too large', () => {
    expect(reasons({ baseEvalLoss: 2, evalLoss: 3, quarters: [2, 1, 0.5, 0.2] })).toEqual(['LearnsByHeart']);
    const [advice] = advise({ ...course, baseEvalLoss: 2, evalLoss: 30, quarters: [3, 9, 20, 25] });
    expect(advice?.reason).toBe('WorseThanBase');
    expect(advice?.text).toContain('--set training.learningRate=0.000067 instead of 0.0002');
  });

  it('warns of a comparison on too few rows', () => {
    expect(reasons({ heldOutRows: 5 })).toEqual(['FewRows']);
    expect(reasons({ heldOutRows: 0 })).toEqual([]);
  });
});
