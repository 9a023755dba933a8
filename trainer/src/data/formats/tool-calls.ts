import { isJsonObject, type JsonObject } from '../../support/index.js';
import type { ToolCall } from '../conversation.js';
import { parseExactJson, RepeatedNameError } from '../exact-json.js';
import { isAbsent, RowError, shown, textField, type Row } from './row-format.js';
import { words } from '../../words/index.js';

/** Functions in the form that chat templates take; undefined when the row has none. Also as a JSON text, and as `functions`. */
export function toolsOf(row: Row): readonly JsonObject[] | undefined {
  const field = isAbsent(row['tools']) ? 'functions' : 'tools';
  const list = parsedIfText(row[field], field);
  if (isAbsent(list) || list === '') return undefined;
  if (!Array.isArray(list)) throw new RowError(words().rows.mustBeFunctions(field));
  const tools = list.map((tool: unknown, index): JsonObject => {
    const path = `${field}[${index}]`;
    if (!isJsonObject(tool)) throw new RowError(words().rows.mustBeObject(path));
    if (isJsonObject(tool['function'])) return tool;
    if (typeof tool['name'] !== 'string') throw new RowError(words().rows.namelessFunction(path));
    return { type: 'function', function: tool };
  });
  return tools.length === 0 ? undefined : tools;
}

/** The calls of a turn; undefined when it has none. @param path of the turn */
export function toolCallsOf(turn: Row, path: string): readonly ToolCall[] | undefined {
  const calls = parsedIfText(turn['tool_calls'], `${path}.tool_calls`);
  if (!isAbsent(calls) && calls !== '') {
    if (!Array.isArray(calls)) throw new RowError(words().rows.mustBeList(`${path}.tool_calls`));
    if (calls.length > 0)
      return calls.map((call: unknown, index) => callOf(call, `${path}.tool_calls[${index}]`));
  }
  const single = turn['function_call'];
  return isAbsent(single) ? undefined : [callOf(single, `${path}.function_call`)];
}

/** Calls that stand as JSON in the text of a turn, as ShareGPT data with tools have them. */
export function callsInText(text: string, path: string): readonly ToolCall[] {
  const value = parsedIfText(text, path);
  const calls: unknown[] = Array.isArray(value) ? value : [value];
  return calls.map((call) => callOf(call, path));
}

function callOf(value: unknown, path: string): ToolCall {
  if (!isJsonObject(value)) throw new RowError(words().rows.mustBeCall(path));
  const type = value['type'];
  if (!isAbsent(type) && type !== 'function')
    throw new RowError(words().rows.onlyCalls(`${path}.type`, shown(type)));
  const call = isJsonObject(value['function']) ? value['function'] : value;
  const name = textField(call, 'name', `${path}.name`);
  if (name === undefined || name === '') throw new RowError(words().rows.missing(`${path}.name`));
  const id = textField(value, 'id', `${path}.id`);
  const given = call['arguments'] ?? call['parameters'];
  const parsed = isAbsent(given) || given === '' ? {} : parsedIfText(given, `${path}.arguments`);
  if (!isJsonObject(parsed)) throw new RowError(words().rows.mustBeObject(`${path}.arguments`));
  return {
    ...(id === undefined ? {} : { id }),
    name,
    arguments: parsed,
    ...(typeof given === 'string' && given !== '' ? { argumentsText: given } : {}),
  };
}

/** Tables have no lists; there they stand as JSON texts. */
export function parsedIfText(value: unknown, path: string): unknown {
  if (typeof value !== 'string' || value.trim() === '') return value;
  try {
    return parseExactJson(value);
  } catch (error) {
    if (error instanceof RepeatedNameError)
      throw new RowError(words().rows.repeated(`${path}.${error.path}`));
    throw new RowError(words().rows.notJson(path));
  }
}
