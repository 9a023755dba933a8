import { isJsonObject } from '../../support/index.js';
import { isAbsent, RowError, shown, textField, type Row } from './row-format.js';
import { words } from '../../words/index.js';

export interface TurnContent {
  /** undefined when the turn has none. */
  readonly text: string | undefined;
  /** Thoughts that stand as parts of their own. */
  readonly reasoning: string | undefined;
}

/** The text of a turn: a text, or a list of parts that are texts. @throws RowError that names any other kind of part */
export function contentOfTurn(turn: Row, field: string, path: string): TurnContent {
  const value = turn[field];
  if (!Array.isArray(value)) return { text: textField(turn, field, path), reasoning: undefined };
  const texts: string[] = [];
  const thoughts: string[] = [];
  for (const [index, part] of value.entries()) {
    const place = `${path}[${index}]`;
    if (typeof part === 'string') {
      texts.push(textField({ part }, 'part', place) ?? '');
      continue;
    }
    if (!isJsonObject(part)) throw new RowError(words().rows.mustBeTextOrObject(place));
    const type = part['type'] ?? (isAbsent(part['text']) ? undefined : 'text');
    if (type === 'text' || type === 'input_text' || type === 'output_text')
      texts.push(textField(part, 'text', `${place}.text`) ?? '');
    else if (type === 'thinking' && typeof part['thinking'] === 'string')
      thoughts.push(textField(part, 'thinking', `${place}.thinking`) ?? '');
    else throw new RowError(words().rows.onlyText(place, shown(type)));
  }
  return { text: texts.join(''), reasoning: thoughts.length === 0 ? undefined : thoughts.join('') };
}
