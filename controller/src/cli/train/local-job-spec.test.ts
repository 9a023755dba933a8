import { describe, expect, it } from 'vitest';
import { localJobSpec } from './local-job-spec.js';

const specWith = (...set: string[]) =>
  localJobSpec({ model: 'm', data: ['rows.jsonl'], method: 'lora', workers: 1, out: 'out', set });
const refusal = (...set: string[]): string => {
  try {
    specWith(...set);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('expected a refusal');
};

describe('settings of a command line', () => {
  it.each([
    ['evaluation.metrics=exactMatch', ['exactMatch']],
    ['evaluation.metrics=["exactMatch"]', ['exactMatch']],
  ])('%s is a list', (setting, metrics) => {
    expect(specWith(setting).evaluation.metrics).toEqual(metrics);
  });

  it('takes names with commas between them for a list', () => {
    expect(specWith('method.lora.targetModules=q_proj,v_proj').method).toMatchObject({
      lora: { targetModules: ['q_proj', 'v_proj'] },
    });
  });

  it('shows all problems at once, with what was probably meant', () => {
    expect(refusal('trainng.epochs=3', 'training.batchSize=0', 'dataset.maxLenght=8')).toBe(
      [
        '3 problems:',
        '  spec.trainng is not a field that is known: did you mean training?',
        '  spec.dataset.maxLenght is not a field that is known: did you mean maxLength?',
        '  spec.training.batchSize: must be at least 1, not 0',
      ].join('\n'),
    );
    expect(refusal('epochs', '=3')).toMatch(/--set epochs: write it as path=value.*\n--set =3: write it/);
  });

  it('says what a field with fields of its own takes', () => {
    expect(refusal('training.earlyStopping=true')).toBe(
      'spec.training.earlyStopping: must be an object with one or more of the fields metric, patience, minDelta, not true',
    );
  });

  it('shows the form of a list that is none', () => {
    expect(refusal('dataset.sources=rows.jsonl')).toBe(
      'spec.dataset.sources: must be a list in brackets, ["one","two"], not "rows.jsonl"',
    );
  });
});
