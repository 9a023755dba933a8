import type { Role } from '../conversation.js';

/** What a turn is: a role, or a call of a function that stands as the text of its turn. */
export type TurnKind = Role | 'call';

const SPELLINGS: Readonly<Record<TurnKind, readonly string[]>> = {
  system: ['system', 'developer', '系统', '系統'],
  user: ['user', 'human', 'prompter', '用户', '用戶', '人类', '客户', '顾客'],
  assistant: [
    'assistant',
    'gpt',
    'chatgpt',
    'bing',
    'bard',
    'model',
    'ai',
    'bot',
    'chatbot',
    '助手',
    '助理',
    '客服',
    '机器人',
  ],
  tool: [
    'tool',
    'observation',
    'function',
    'ipython',
    'tool_response',
    'function_response',
    'tool_result',
    '工具',
  ],
  call: ['function_call', 'tool_call', 'tool_calls'],
};

const KINDS = new Map<string, TurnKind>(
  (Object.entries(SPELLINGS) as [TurnKind, readonly string[]][]).flatMap(([kind, names]) =>
    names.map((name): [string, TurnKind] => [name, kind]),
  ),
);

/** The role behind a usual spelling, in any case: human, gpt, Assistant, observation … */
export function turnKindOf(name: string): TurnKind | undefined {
  return KINDS.get(name.trim().toLowerCase());
}
