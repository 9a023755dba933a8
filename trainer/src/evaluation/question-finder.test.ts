import { describe, expect, it } from 'vitest';
import { ChatTemplate, encodeConversation, type Message } from '../data/index.js';
import { characterTokenizer, TURN_TEMPLATE } from '../data/test-data.js';
import { QuestionFinder } from './question-finder.js';

function questionIn(messages: readonly Message[], name: string): string {
  const tokenizer = characterTokenizer(TURN_TEMPLATE);
  const template = ChatTemplate.choose(name, tokenizer);
  const options = { tokenizer, template, maxLength: 1000, trainOnPrompt: false };
  const [example] = encodeConversation({ kind: 'chat', messages }, 'here', options).examples;
  return new QuestionFinder(tokenizer, template).questionOf(example!);
}
const turns: readonly Message[] = [
  { role: 'user', content: 'Quite: who?' },
  { role: 'assistant', content: 'me' },
];

describe('QuestionFinder', () => {
  it.each(['auto', 'alpaca', 'chatml', 'plain'])(
    'leaves out what template %s writes around a question',
    (name) => {
      expect(questionIn(turns, name)).toBe('Quite: who?');
    },
  );

  it('gives the whole prompt of several turns', () => {
    const more: Message[] = [
      ...turns,
      { role: 'user', content: 'and you?' },
      { role: 'assistant', content: 'x' },
    ];
    expect(questionIn(more, 'alpaca')).toMatch(/Quite: who\?[^]*and you\?/);
  });
});
