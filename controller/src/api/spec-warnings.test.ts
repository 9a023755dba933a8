import { describe, expect, it } from 'vitest';
import { parseFineTuneJobSpec } from './parse.js';
import { resolveSpec } from './resolve.js';
import { specWarnings } from './spec-warnings.js';

const warningsOf = (more: object) => {
  const spec = parseFineTuneJobSpec({
    queueName: 'team',
    model: { source: 'file:///model' },
    dataset: { sources: [{ uri: 'file:///data.jsonl' }] },
    output: { uri: 'file:///out' },
    ...more,
    training: { checkpoint: { everySteps: 100 }, ...('training' in more ? (more.training as object) : {}) },
  });
  return specWarnings(resolveSpec(spec), spec.goal);
};
const dataset = (more: object) => ({ sources: [{ uri: 'file:///data.jsonl' }], ...more });

describe('specWarnings', () => {
  it('has nothing to say of a job that is as it should be', () => {
    expect(warningsOf({})).toEqual([]);
    expect(warningsOf({ workers: { max: 4 } })).toEqual([]);
    expect(
      warningsOf({ dataset: dataset({ split: { test: 0.1 } }), evaluation: { metrics: ['exactMatch'] } }),
    ).toEqual([]);
  });

  it.each([
    [
      'workers without work',
      { workers: { max: 5 } },
      /of 5 workers 1 have nothing to do, because a step has 4/,
    ],
    ['no checkpoints', { training: { checkpoint: {} } }, /everySteps: is 0/],
    [
      'early stopping by examples that there are not',
      {
        dataset: dataset({ split: { train: 1 } }),
        training: { earlyStopping: { patience: 2 }, checkpoint: { everySteps: 1 } },
      },
      /earlyStopping: never acts/,
    ],
    [
      'figures of an empty test split',
      {
        dataset: dataset({ split: { train: 0.9, validation: 0.1 } }),
        evaluation: { metrics: ['exactMatch'] },
      },
      /nothing is measured/,
    ],
    [
      'a split of sources that are divided already',
      {
        dataset: { sources: [{ uri: 'file:///a.jsonl', split: 'train' }], split: { train: 0.5, test: 0.5 } },
        evaluation: { metrics: ['exactMatch'] },
      },
      /nothing is measured/,
    ],
  ])('warns of %s', (_, spec, expected) => {
    const warnings = warningsOf(spec);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(expected);
  });
});
