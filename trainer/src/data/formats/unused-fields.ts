import { isJsonObject } from '../../support/index.js';
import { isAbsent, type Row, type RowFormat } from './row-format.js';
import { TURN_FIELDS } from './turns.js';

/** Where turns stand. */
const LISTS = ['messages', 'conversations', 'conversation'];

/** The fields of a row, and of its turns, that its format does not read. */
export function* unusedFields(row: Row, format: RowFormat): Generator<string> {
  for (const [name, value] of Object.entries(row)) {
    if (!format.fields.has(name)) {
      if (!isAbsent(value)) yield name;
    } else if (LISTS.includes(name) && Array.isArray(value)) {
      const names = new Set<string>();
      for (const turn of value)
        if (isJsonObject(turn))
          for (const [field, part] of Object.entries(turn))
            if (!TURN_FIELDS.has(field) && !isAbsent(part)) names.add(`${name}[].${field}`);
      yield* names;
    }
  }
}
