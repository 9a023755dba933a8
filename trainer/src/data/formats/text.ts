import { RowError, textField, type RowFormat } from './row-format.js';
import { words } from '../../words/index.js';

/** `text`: running text, trained from its first token to its last. */
export const text: RowFormat = {
  name: 'text',
  fields: new Set(['text']),
  matches: (row) => typeof row['text'] === 'string',
  read(row) {
    const content = textField(row, 'text');
    if (content === undefined || content.trim() === '') throw new RowError(words().rows.empty('text'));
    return [{ kind: 'text', text: content }];
  },
};
