import type { Message } from '../../data/index.js';
import { words } from '../../words/index.js';

/** What a line that was typed asks for. */
export type ChatInput =
  | { readonly kind: 'question'; readonly text: string }
  | { readonly kind: 'remark'; readonly text: string }
  | { readonly kind: 'nothing' | 'exit' };

/** One conversation with every respondent: each goes on from its own answers. */
export class ChatSession {
  private turns: { question: string; answers: readonly string[] }[] = [];

  /** @param system message of the conversation; undefined = none */
  constructor(private system: string | undefined) {}

  /** Follows a command, or tells what to ask. */
  take(line: string): ChatInput {
    const text = line.trim();
    const said = words().asking;
    if (text === '') return { kind: 'nothing' };
    if (text.startsWith('//')) return { kind: 'question', text: text.slice(1) };
    if (!text.startsWith('/')) return { kind: 'question', text };
    const [command, rest] = splitCommand(text);
    switch (command) {
      case '/exit':
      case '/quit':
        return { kind: 'exit' };
      case '/help':
        return { kind: 'remark', text: said.chatHelp };
      case '/reset':
        this.turns = [];
        return { kind: 'remark', text: said.newConversation };
      case '/system':
        if (rest === '')
          return {
            kind: 'remark',
            text: this.system === undefined ? said.noSystem : said.systemIs(this.system),
          };
        this.system = rest;
        this.turns = [];
        return { kind: 'remark', text: said.systemSet(rest) };
      default:
        return { kind: 'remark', text: said.unknownCommand(command) };
    }
  }

  /** The conversation as one respondent knows it, with a new question at its end. */
  messagesFor(respondent: number, question: string): readonly Message[] {
    return [
      ...(this.system === undefined ? [] : [{ role: 'system', content: this.system } as const]),
      ...this.turns.flatMap(({ question: asked, answers }): Message[] => [
        { role: 'user', content: asked },
        { role: 'assistant', content: answers[respondent] ?? '' },
      ]),
      { role: 'user', content: question },
    ];
  }

  /** @param answers one of every respondent */
  keep(question: string, answers: readonly string[]): void {
    this.turns.push({ question, answers });
  }
}

function splitCommand(text: string): [string, string] {
  const at = text.search(/\s/);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at).trim()];
}
