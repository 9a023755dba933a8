/**
 * Names under which the columns of files hold the same thing, the name that documentation uses first. A file is expected to have one of a list;
 * case, width, spaces, underscores and a remark in brackets do not count (see `spellingOf`).
 */
export const INSTRUCTION_NAMES = ['instruction', '指令', '指示'] as const;

/** What the instruction is about. */
export const INPUT_NAMES = ['input', '输入', '輸入'] as const;

export const CONTEXT_NAMES = ['context', '上下文', '背景'] as const;

/** A question that stands alone. */
export const QUESTION_NAMES = [
  'prompt',
  'question',
  'query',
  'problem',
  '问题',
  '提问',
  '问',
  '题目',
  '提示词',
  '問題',
  '提問',
  '問',
  '題目',
  ...INPUT_NAMES,
] as const;

export const ANSWER_NAMES = [
  'output',
  'response',
  'completion',
  'answer',
  'solution',
  '输出',
  '答案',
  '回答',
  '答',
  '回复',
  '答复',
  '标准答案',
  '参考答案',
  '輸出',
  '回覆',
  '答覆',
] as const;

/** Who speaks, as the name of a column. Beside a name of the lists above they mean something else, such as the id of a user. */
export const USER_NAMES = ['user', 'human', 'q', '用户', '客户', '用戶', '使用者'] as const;
export const ASSISTANT_NAMES = ['assistant', 'gpt', 'bot', 'a', '助手', '客服', '助理'] as const;

/** 系统 alone is left out: in the tables of a company it is the program that a question is about. */
export const SYSTEM_NAMES = ['system', 'system_prompt', '系统提示', '系统提示词', '系統提示'] as const;

/** Other words for fields whose values have a form of their own. */
export const FIELD_SYNONYMS: Readonly<Record<string, string>> = {
  历史对话: 'history',
  对话历史: 'history',
  對話歷史: 'history',
  消息: 'messages',
  对话: 'conversations',
  對話: 'conversations',
  文本: 'text',
};

/**
 * Fields whose names may be written in any way. The others are known by their exact names alone: a column `System` or `History` of a
 * table seldom holds the words of a system turn, or pairs of question and answer.
 */
export const RESPELLED: readonly string[] = [
  ...INSTRUCTION_NAMES,
  ...QUESTION_NAMES,
  ...CONTEXT_NAMES,
  ...ANSWER_NAMES,
  ...USER_NAMES,
  ...ASSISTANT_NAMES,
  'system_prompt',
  'messages',
  'conversations',
  'conversation',
  'text',
];

/** What is left of a name when the ways of writing it are taken away: `Question (必填)` is `question`. */
export function spellingOf(name: string): string {
  const plain = name.normalize('NFKC').toLowerCase();
  const short = plain.replace(/\([^()]{0,100}\)\s*$/u, '');
  return (short.trim() === '' ? plain : short).replaceAll(/[\s_\-:*.'"\uFEFF]+/gu, '');
}
