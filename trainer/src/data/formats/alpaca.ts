import { isJsonObject } from '../../support/index.js';
import { ANSWER_NAMES, CONTEXT_NAMES, INPUT_NAMES, INSTRUCTION_NAMES } from './column-names.js';
import { ASIDE_FIELDS, hasOne, pairConversation, type PairNames } from './pair.js';
import { RowError, type RowFormat } from './row-format.js';
import { words } from '../../words/index.js';

const NAMES: PairNames = {
  question: INSTRUCTION_NAMES,
  input: [...INPUT_NAMES, ...CONTEXT_NAMES],
  answer: ANSWER_NAMES,
};

/**
 * `instruction`, `input` (or `context`), `output` (or `response` …), and optionally `system` and `history` (pairs of question and answer).
 * A list `instances` of `{input, output}` asks the same for several inputs, as in Self-Instruct.
 */
export const alpaca: RowFormat = {
  name: 'alpaca',
  fields: new Set([...NAMES.question, ...NAMES.input, ...NAMES.answer, ...ASIDE_FIELDS, 'instances']),
  matches: (row) =>
    hasOne(row, NAMES.question) && (hasOne(row, NAMES.answer) || Array.isArray(row['instances'])),
  read(row) {
    const { instances } = row;
    if (!Array.isArray(instances)) return [pairConversation(row, NAMES)];
    if (instances.length === 0) throw new RowError(words().rows.empty('instances'));
    return instances.map((instance: unknown, index) => {
      if (!isJsonObject(instance)) throw new RowError(words().rows.mustBeObject(`instances[${index}]`));
      return pairConversation({ ...row, ...instance }, NAMES);
    });
  },
};
