import { describe, expect, it } from 'vitest';
import { ChatSession } from './chat-session.js';

describe('a chat session', () => {
  it('gives every respondent its own answers back', () => {
    const session = new ChatSession('be short');
    session.keep('who?', ['base answer', 'tuned answer']);
    expect(session.messagesFor(1, 'and now?')).toEqual([
      { role: 'system', content: 'be short' },
      { role: 'user', content: 'who?' },
      { role: 'assistant', content: 'tuned answer' },
      { role: 'user', content: 'and now?' },
    ]);
  });

  it('/reset forgets the turns and keeps the system message', () => {
    const session = new ChatSession('be short');
    session.keep('who?', ['me']);
    expect(session.take('/reset')).toMatchObject({ kind: 'remark' });
    expect(session.messagesFor(0, 'hi').map(({ content }) => content)).toEqual(['be short', 'hi']);
  });

  it('/system sets the system message and begins anew', () => {
    const session = new ChatSession(undefined);
    session.keep('who?', ['me']);
    session.take('/system  answer in verse ');
    expect(session.messagesFor(0, 'hi').map(({ content }) => content)).toEqual(['answer in verse', 'hi']);
    expect(session.take('/system')).toEqual({
      kind: 'remark',
      text: 'the system message is: answer in verse',
    });
  });

  it.each([
    ['/exit', { kind: 'exit' }],
    ['  ', { kind: 'nothing' }],
    ['//etc/hosts is what?', { kind: 'question', text: '/etc/hosts is what?' }],
    [' 你好 ', { kind: 'question', text: '你好' }],
  ])('%j is %j', (line, input) => expect(new ChatSession(undefined).take(line)).toEqual(input));

  it('asks nothing with a command that it does not know', () => {
    expect(new ChatSession(undefined).take('/rest now')).toEqual({
      kind: 'remark',
      text: '/rest is no command; /help lists them, and // begins a question with a slash',
    });
  });
});
