import { describe, expect, it } from 'vitest';
import { parseColumns } from './column-option.js';
import { localJobSpec } from './train/local-job-spec.js';

const job = (more: object) =>
  localJobSpec({
    model: 'm',
    data: ['a.csv', 'b.csv'],
    method: 'lora',
    workers: 1,
    out: 'o',
    set: [],
    ...more,
  }).dataset.sources;

describe('--columns', () => {
  it('gives the column of each field', () => {
    expect(parseColumns(['instruction=问题,output=答案'])).toEqual({ instruction: '问题', output: '答案' });
    expect(parseColumns(['instruction=Q', 'output=A, as written'])).toEqual({
      instruction: 'Q',
      output: 'A, as written',
    });
  });

  it.each(['instruction', '=问题', 'output=', 'output=a,output=b'])('refuses %j', (option) =>
    expect(() => parseColumns([option])).toThrow(/^--columns /),
  );

  it('counts for every data file', () =>
    expect(job({ columns: ['instruction=问题,output=答案'] }).map(({ columns }) => columns)).toEqual([
      { instruction: '问题', output: '答案' },
      { instruction: '问题', output: '答案' },
    ]));
});

describe('--set', () => {
  it.each(['dataset.sources[1].columns.output=答案', 'dataset.sources.1.columns.output=答案'])(
    'reaches into a list: %s',
    (setting) => expect(job({ set: [setting] })[1]?.columns).toEqual({ output: '答案' }),
  );

  it('names the place in the list as it is written', () =>
    expect(() => job({ set: ['dataset.sources[0].colums.output=x'] })).toThrow(
      'spec.dataset.sources[0].colums is not a field that is known: did you mean columns?',
    ));
});
