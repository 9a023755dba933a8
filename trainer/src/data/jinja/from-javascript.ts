import { WrittenNumber } from '../exact-json.js';
import { Dict } from './python/dict.js';
import { floatText, writtenInteger } from './python/numbers.js';
import { WrittenFloat, type Value } from './python/values.js';

/** The value that Python's JSON reader makes of the same text, except that floats stay as they are written. */
export function valueOf(value: unknown): Value {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'bigint':
      return value;
    case 'number':
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value) : value;
    default:
  }
  if (value === null || value === undefined) return null;
  if (value instanceof WrittenNumber) return writtenNumber(value.text);
  if (Array.isArray(value)) return value.map(valueOf);
  const dict = new Dict();
  for (const [name, field] of Object.entries(value)) if (field !== undefined) dict.set(name, valueOf(field));
  return dict;
}

function writtenNumber(text: string): Value {
  if (/^-?[1-9]\d*$/.test(text)) return writtenInteger(text);
  const value = Number(text);
  return floatText(value) === text ? value : new WrittenFloat(text);
}
