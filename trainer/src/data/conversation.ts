import type { JsonObject } from '../support/index.js';
import { jsonText } from './exact-json.js';

export type Role = 'system' | 'user' | 'assistant' | 'tool';

/** A call of a function that the assistant asks for. */
export interface ToolCall {
  readonly id?: string;
  readonly name: string;
  readonly arguments: JsonObject;
  /** The arguments as JSON text, when the data have them so. */
  readonly argumentsText?: string;
}

export interface Message {
  readonly role: Role;
  readonly content: string;
  /** false: the data give no text beside the tool calls, which templates tell from an empty one. */
  readonly hasContent?: false;
  /** What the assistant thinks before it answers; a template decides where it stands. */
  readonly reasoning?: string;
  readonly toolCalls?: readonly ToolCall[];
  /** Of a tool's answer: the function and the call. */
  readonly name?: string;
  readonly toolCallId?: string;
  /** false: an answer that the model only reads. */
  readonly isTrained?: false;
  /** What a turn that is no answer says of being trained, and in which field. */
  readonly mark?: { readonly path: string; readonly isTrained: boolean };
}

/** One row of a data set, whatever format it came in. */
export type Conversation =
  | {
      readonly kind: 'chat';
      readonly messages: readonly Message[];
      /** Functions that the assistant may call, in the form `{type, function: {name, description, parameters}}`. */
      readonly tools?: readonly JsonObject[];
    }
  | { readonly kind: 'text'; readonly text: string };

/** Whether the model is to learn to write this message. */
export function isTrainedAnswer({ role, isTrained }: Message): boolean {
  return role === 'assistant' && isTrained !== false;
}

/** The words of a row, without the names of the roles. */
export function wordsOf(conversation: Conversation): string {
  return conversation.kind === 'text'
    ? conversation.text
    : conversation.messages.map(({ content }) => content).join('\n');
}

/** What makes two rows the same row: the words, not the file format that carried them. */
export function contentOf(conversation: Conversation): string {
  if (conversation.kind === 'text') return conversation.text;
  const turns = conversation.messages.map(partsOf);
  return [...turns, ...(conversation.tools ?? []).map(jsonText)].join('\u0001');
}

function partsOf(message: Message): string {
  const { role, content, reasoning, toolCalls, isTrained } = message;
  return [
    role,
    content,
    ...(reasoning === undefined ? [] : ['reasoning', reasoning]),
    ...(toolCalls ?? []).flatMap((call) => ['call', call.name, jsonText(call.arguments)]),
    ...(isTrained === undefined ? [] : ['read only']),
  ].join('\u0000');
}
