import { TEXT_ENCODINGS } from '@tuneyard/proto/text-encodings';
import { z } from 'zod';
import {
  choice,
  documented,
  flag,
  fraction,
  integer,
  list,
  secretRef,
  stringMap,
  text,
  uri,
} from './schema.js';

const source = documented('One data set.', {
  uri: uri(
    'Where the file or folder lies: hf://datasets/org/name[@revision][/path], s3://, pvc://claim/path, file:///absolute/path or https://. In hf:// and s3:// the path may hold *. #sha256=… after a single file names its digest.',
  ),
  secretRef: secretRef(
    'Credentials for the address: HF_TOKEN for hf://, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for s3://, token or username and password for https://.',
  ).optional(),
  format: choice('Layout of the rows. auto (default) looks at the first rows.', [
    'auto',
    'alpaca',
    'sharegpt',
    'messages',
    'prompt-completion',
    'text',
  ]).optional(),
  split: choice('The whole source belongs to this split; absent: it is divided as dataset.split says.', [
    'train',
    'validation',
    'test',
  ]).optional(),
  weight: z
    .number()
    .gt(0)
    .max(1000)
    .meta({
      description: 'Relative share of the training examples that are drawn from this source. Default 1.',
    })
    .optional(),
  columns: stringMap(
    'Field of the format to column of the file, where the names differ, such as instruction: question.',
    16,
  ).optional(),
  sheet: text(
    'Sheet of an Excel workbook, by its name or its number from 1. Default: the first that is not hidden.',
    64,
  ).optional(),
});

const total = (split: {
  train?: number | undefined;
  validation?: number | undefined;
  test?: number | undefined;
}) => (split.train ?? 0) + (split.validation ?? 0) + (split.test ?? 0);
const CEL_TOTAL = ['train', 'validation', 'test']
  .map((share) => `(has(self.${share}) ? double(self.${share}) : 0.0)`)
  .join(' + ');

const split = documented(
  'Shares of the examples, divided by a hash of each example and the seed. Omitted shares take what is left, validation first; where evaluation.metrics asks for a metric and no share or source is for test, validation and test take half each.',
  {
    train: fraction(
      'Share to train on. Default 0.9; 0.8 where evaluation.metrics asks for a metric.',
      0,
      1,
    ).optional(),
    validation: fraction(
      'Share for the loss on unseen examples during training. Default 0.1.',
      0,
      1,
    ).optional(),
    test: fraction(
      'Share held back for the evaluation at the end. Default 0; 0.1 where evaluation.metrics asks for a metric.',
      0,
      1,
    ).optional(),
    seed: integer('Seed of the division. Default 42.', 0, Number.MAX_SAFE_INTEGER).optional(),
  },
  [
    {
      rule: `!(has(self.train) && has(self.validation) && has(self.test)) || ${CEL_TOTAL} > 0.999`,
      message: 'the shares train, validation and test must sum to 1',
      holds: (value) =>
        value.train === undefined ||
        value.validation === undefined ||
        value.test === undefined ||
        total(value) > 0.999,
    },
    {
      rule: `${CEL_TOTAL} < 1.001`,
      message: 'the shares train, validation and test must not sum to more than 1',
      holds: (value) => total(value) < 1.001,
    },
  ],
);

const clean = documented(
  'What is dropped before training.',
  {
    dedupe: flag('Drop exact repetitions of an example. Default true.').optional(),
    minTokens: integer('Drop examples with fewer tokens. Default 1.', 0, 1_000_000).optional(),
    maxTokens: integer(
      'Drop examples with more tokens instead of cutting them at maxLength; 0 (default) never drops.',
      0,
      1_000_000,
    ).optional(),
  },
  [
    {
      rule: '!has(self.minTokens) || !has(self.maxTokens) || self.maxTokens == 0 || self.minTokens <= self.maxTokens',
      message: 'minTokens must not be larger than maxTokens',
      holds: (value) => (value.maxTokens ?? 0) === 0 || (value.minTokens ?? 0) <= (value.maxTokens ?? 0),
      field: 'minTokens',
    },
  ],
);

/** What is learned from. */
export const datasetSchema = documented('What is learned from.', {
  sources: list('The data sets; several are mixed by weight.', source, 32).min(1),
  split: split.optional(),
  template: text(
    "How a conversation becomes text: auto (default) is the tokenizer's chat template, else the name of a built-in template or an inline jinja one.",
    16384,
  ).optional(),
  encoding: choice(
    'Encoding of text files that do not begin with a byte order mark. auto (default) reads UTF-8, and UTF-16 and Chinese GB18030 where they cannot be mistaken; any other file is refused until its encoding is named here. Parquet is always UTF-8.',
    ['auto', ...TEXT_ENCODINGS],
  ).optional(),
  maxLength: integer(
    'Longest sequence in tokens; longer examples are cut. Default 1024.',
    8,
    1_048_576,
  ).optional(),
  packing: flag(
    'Put several short examples into one sequence, without attention between them. Default false.',
  ).optional(),
  trainOnPrompt: flag('Also learn to write the prompt, not only the answer. Default false.').optional(),
  clean: clean.optional(),
});

export type Dataset = z.output<typeof datasetSchema>;
