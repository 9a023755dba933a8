/** The page of `data report`, and what data do to a job. */
export const report = {
  rows: (rows: string, kept: string) => `${rows} rows read, ${kept} examples kept`,
  counted: (label: string, count: string) => `${label}: ${count}`,
  unusable: 'left out: unusable',
  repeated: 'left out: repeated',
  tooShort: 'left out: too short',
  tooLong: 'left out: too long',
  damaged: 'hold U+FFFD, so they were damaged before',
  cut: 'cut to the maximum length',
  nearDuplicates: 'nearly the same as another row',
  leaked: 'held-out rows that nearly repeat a training row',
  columns: {
    split: 'split',
    examples: 'examples',
    tokens: 'tokens',
    trained: 'trained',
    longest: 'longest',
  },
  splits: { train: 'train', validation: 'validation', test: 'test' },
  lengths: 'tokens of a training example',
  upTo: (tokens: string) => `up to ${tokens}`,
  scripts: (list: string) => `scripts: ${list}`,
  scriptNames: {
    Latin: 'Latin',
    Han: 'Han',
    Cyrillic: 'Cyrillic',
    Arabic: 'Arabic',
    Hangul: 'Hangul',
    other: 'other',
  },
  unused: (fields: string) => `fields of the rows that are not used: ${fields}`,
  note: (text: string) => `note: ${text}`,
  warning: (text: string) => `warning: ${text}`,
  reason: (rows: string, reason: string) => `left out for this reason: ${rows}: ${reason}`,
  leftOut: (place: string, reason: string) => `left out ${place}: ${reason}`,
  more: (count: string) => `and ${count} more`,
  nearlyRepeats: (place: string, other: string) => `${place} nearly repeats ${other}`,
  steps: (total: string, perEpoch: string, batchSize: string, padding: string) =>
    `estimated steps: ${total} (${perEpoch} an epoch at batch size ${batchSize}); padding ${padding} of the training micro-batches`,
  areLeftOut: (count: string, rows: string) => `${count} of ${rows} rows are left out`,
  areLeftOutFirst: (count: string, rows: string, place: string, reason: string) =>
    `${count} of ${rows} rows are left out; the first is ${place}: ${reason}`,
  areTooLong: (count: string, rows: string) => `${count} of ${rows} rows are left out as too long`,
  areCut: (count: string, kept: string, tokens: string) =>
    `dataset.maxLength: ${count} of ${kept} examples are cut at ${tokens} tokens`,
  areDamaged: (count: string, rows: string) =>
    `${count} of ${rows} rows hold U+FFFD: their text was damaged before it came here, and is learnt so`,
  noValidation: () =>
    'training.earlyStopping: never acts, because no row is held back for validation; raise dataset.split.validation, or name a source with split: validation',
  noTest: (metrics: string) =>
    `evaluation.metrics: ${metrics} is not measured: no row is held back for the test; raise dataset.split.test, or name a source with split: test`,
};
