import { isJsonObject } from '../../support/index.js';
import { ANSWER_FIELDS, ASIDE_FIELDS, CONTEXT_FIELDS, hasAnswer, pairConversation } from './pair.js';
import { RowError, type RowFormat } from './row-format.js';
import { words } from '../../words/index.js';

const QUESTION_FIELDS = ['instruction', '指令'] as const;
const INPUT_FIELDS = ['input', '输入', ...CONTEXT_FIELDS] as const;

/**
 * `instruction`, `input` (or `context`), `output` (or `response` …), and optionally `system` and `history` (pairs of question and answer).
 * A list `instances` of `{input, output}` asks the same for several inputs, as in Self-Instruct.
 */
export const alpaca: RowFormat = {
  name: 'alpaca',
  fields: new Set([...QUESTION_FIELDS, ...INPUT_FIELDS, ...ANSWER_FIELDS, ...ASIDE_FIELDS, 'instances']),
  matches: (row) =>
    QUESTION_FIELDS.some((field) => field in row) && (hasAnswer(row) || Array.isArray(row['instances'])),
  read(row) {
    const { instances } = row;
    if (!Array.isArray(instances)) return [pairConversation(row, QUESTION_FIELDS, INPUT_FIELDS)];
    if (instances.length === 0) throw new RowError(words().rows.empty('instances'));
    return instances.map((instance: unknown, index) => {
      if (!isJsonObject(instance)) throw new RowError(words().rows.mustBeObject(`instances[${index}]`));
      return pairConversation({ ...row, ...instance }, QUESTION_FIELDS, INPUT_FIELDS);
    });
  },
};
