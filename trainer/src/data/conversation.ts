export type Role = 'system' | 'user' | 'assistant' | 'tool';

export interface Message {
  readonly role: Role;
  readonly content: string;
}

/** One row of a data set, whatever format it came in. */
export type Conversation =
  | { readonly kind: 'chat'; readonly messages: readonly Message[] }
  | { readonly kind: 'text'; readonly text: string };

/** What makes two rows the same row: the words, not the file format that carried them. */
export function contentOf(conversation: Conversation): string {
  if (conversation.kind === 'text') return conversation.text;
  return conversation.messages.map((message) => `${message.role}\u0000${message.content}`).join('\u0001');
}
