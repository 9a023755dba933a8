import { WrittenNumber } from '../exact-json.js';
import { ANSWER_NAMES, INSTRUCTION_NAMES, QUESTION_NAMES, spellingOf } from './column-names.js';
import { isAbsent, type Row } from './row-format.js';

const NUMBERING = new Set(['id', 'no', 'nr', 'index', 'uuid', 'key', '序号', '编号', '號碼', '編號', '序號']);

/**
 * The option that would make a row readable, with its own columns: those that are known by name stay, and the first texts among the others
 * are taken for what is missing. `--columns instruction=问题描述,output=解决办法`
 */
export function suggestColumns(row: Row): string {
  const names = Object.keys(row);
  const known = (list: readonly string[]): string | undefined =>
    names.find((name) => list.includes(name) || list.some((word) => spellingOf(word) === spellingOf(name)));
  let question = known([...INSTRUCTION_NAMES, ...QUESTION_NAMES]);
  let answer = known(ANSWER_NAMES);
  const texts = names.filter((name) => name !== question && name !== answer && mayBeText(name, row[name]));
  if (question === undefined && answer === undefined && texts.length === 1)
    return option({ text: texts[0]! });
  question ??= texts.shift() ?? 'COLUMN';
  answer ??= texts.shift() ?? 'COLUMN';
  return option({ instruction: question, output: answer });
}

function option(columns: Readonly<Record<string, string>>): string {
  const value = Object.entries(columns)
    .map(([field, column]) => `${field}=${column.slice(0, 80)}`)
    .join(',');
  // A shell divides at spaces, and takes other signs for its own.
  return /^[\p{L}\p{N}_.=,-]+$/u.test(value)
    ? `--columns ${value}`
    : `--columns '${value.replaceAll("'", String.raw`'\''`)}'`;
}

function mayBeText(name: string, value: unknown): boolean {
  if (NUMBERING.has(spellingOf(name)) || value instanceof WrittenNumber) return false;
  return isAbsent(value) || (typeof value === 'string' && !/^\s*[\d.,/:-]+\s*$/.test(value));
}
