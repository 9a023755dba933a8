import { describe, expect, it } from 'vitest';
import { UserError } from '../../errors.js';
import type { Conversation, Message } from '../conversation.js';
import { parseExactJson } from '../exact-json.js';
import { detectFormat } from './detect-format.js';
import { refuseOtherTasks, refusePreference } from './other-tasks.js';
import { RowError, type Row } from './row-format.js';

const first = (row: Row): Conversation | undefined => detectFormat(row, 'x:1').read(row)[0];
const chatOf = (row: Row) => {
  const conversation = first(row);
  if (conversation?.kind !== 'chat') throw new Error('no chat');
  return conversation;
};
const turns = (row: Row) => chatOf(row).messages.map(({ role, content }) => `${role}: ${content}`);
const turn = (role: string, content: unknown, more: object = {}) => ({ role, content, ...more });
const CALL = { id: 'c1', type: 'function', function: { name: 'weather', arguments: { city: 'Paris' } } };

describe('names of question and answer', () => {
  it.each<[string, Row]>([
    ['prompt and completion', { prompt: 'Q', completion: 'A' }],
    ['question and answer', { question: 'Q', answer: 'A' }],
    ['query and response', { query: 'Q', response: 'A' }],
    ['problem and solution', { problem: 'Q', solution: 'A' }],
    ['input and output', { input: 'Q', output: 'A' }],
    ['Chinese ones', { 问题: 'Q', 答案: 'A' }],
    ['Chinese ones of alpaca', { 指令: 'Q', 输入: '', 输出: 'A' }],
    ['a prompt of turns', { prompt: [turn('user', 'Q')], completion: [turn('assistant', 'A')] }],
    ['a list in a table', { messages: '[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]' }],
    ['turns of both', { conversation: [{ human: 'Q', assistant: 'A' }] }],
    [
      'turns under the other names',
      {
        messages: [
          { from: 'human', value: 'Q' },
          { from: 'gpt', value: 'A' },
        ],
      },
    ],
    ['roles in capitals', { messages: [turn('User', 'Q'), turn('ASSISTANT', 'A')] }],
    ['roles of other makers', { conversations: [turn('human', 'Q'), turn('model', 'A')] }],
    ['Chinese roles', { messages: [turn('用户', 'Q'), turn('助手', 'A')] }],
  ])('may be %s', (_, row) => expect(turns(row)).toEqual(['user: Q', 'assistant: A']));

  it('keep what the question is about', () => {
    expect(turns({ instruction: 'Q', context: 'C', response: 'A' })).toEqual(['user: Q\nC', 'assistant: A']);
    expect(turns({ question: 'Q', context: 'C', answer: 'A' })).toEqual(['user: Q\nC', 'assistant: A']);
    expect(turns({ system_prompt: 'S', question: 'Q', response: 'A' })[0]).toBe('system: S');
  });

  it('are not guessed when two different answers are there', () => {
    expect(() => first({ question: 'Q', solution: 'A', answer: 'B' })).toThrow(
      '"answer" and "solution" are both there: choose one with --columns output=answer or --columns output=solution',
    );
  });

  it('give the values as they are written', () => {
    const row = parseExactJson('{"instruction":"Q","output":12345678901234567890}') as Row;
    expect(turns(row)).toEqual(['user: Q', 'assistant: 12345678901234567890']);
    expect(turns(parseExactJson('{"instruction":1.0,"output":1e22}') as Row)).toEqual([
      'user: 1.0',
      'assistant: 1e22',
    ]);
  });
});

describe('the parts of a turn', () => {
  const answered = (message: object): Message | undefined =>
    chatOf({ messages: [turn('user', 'Q'), message] }).messages[1];

  it('may be a list of texts', () => {
    const parts = [
      { type: 'text', text: 'A' },
      { type: 'text', text: 'B' },
    ];
    expect(answered(turn('assistant', parts))?.content).toBe('AB');
  });

  it.each([
    ['as an object', CALL],
    ['as a text', { ...CALL, function: { name: 'weather', arguments: '{"city": "Paris"}' } }],
    ['without a wrapper', { name: 'weather', arguments: { city: 'Paris' } }],
  ])('may be a call with its arguments %s', (_, call) => {
    const message = answered({ role: 'assistant', content: null, tool_calls: [call] });
    expect(message).toMatchObject({ content: '', hasContent: false });
    expect(message?.toolCalls?.[0]).toMatchObject({ name: 'weather', arguments: { city: 'Paris' } });
  });

  it('may be the call of an earlier form, or of ShareGPT', () => {
    const old = answered({ role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } });
    expect(old?.toolCalls).toEqual([{ name: 'f', arguments: {}, argumentsText: '{}' }]);
    const row = {
      tools: '[{"name":"f"}]',
      conversations: [
        { from: 'human', value: 'Q' },
        { from: 'function_call', value: '{"name":"f","arguments":{"x":1.10}}' },
        { from: 'observation', value: 'seen' },
        { from: 'gpt', value: 'A' },
      ],
    };
    const { messages, tools } = chatOf(row);
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant']);
    expect(String(messages[1]?.toolCalls?.[0]?.arguments['x'])).toBe('1.10');
    expect(tools).toEqual([{ type: 'function', function: { name: 'f' } }]);
  });

  it('may be thoughts', () => {
    expect(answered(turn('assistant', 'A', { reasoning_content: 'T' }))?.reasoning).toBe('T');
    expect(
      answered(
        turn('assistant', [
          { type: 'thinking', thinking: 'T' },
          { type: 'text', text: 'A' },
        ]),
      ),
    ).toMatchObject({
      content: 'A',
      reasoning: 'T',
    });
  });

  it.each([{ weight: 0 }, { train: false }, { training: false }, { weight: 0.0 }])(
    'say with %j that it is only read',
    (mark) => {
      const { messages } = chatOf({
        messages: [
          turn('user', '1'),
          turn('assistant', 'a', mark),
          turn('user', '2'),
          turn('assistant', 'b', { weight: 1 }),
        ],
      });
      expect(messages.map(({ isTrained }) => isTrained)).toEqual([undefined, false, undefined, undefined]);
    },
  );

  it('end with the last answer that is trained', () => {
    const row = {
      messages: [
        turn('user', '1'),
        turn('assistant', 'a'),
        turn('user', '2'),
        turn('assistant', 'b', { weight: 0 }),
      ],
    };
    expect(turns(row)).toEqual(['user: 1', 'assistant: a']);
  });

  it.each<[object, string]>([
    [turn('assistant', { a: 1 }), '"messages[1].content" must be a text'],
    [turn('assistant', null), '"messages[1].content" is missing'],
    [
      turn('assistant', [{ type: 'image_url', image_url: {} }]),
      '"messages[1].content[0]" is of type "image_url"; only text is trained',
    ],
    [
      turn('assistant', 'A', { weight: 0.5 }),
      '"messages[1].weight" is 0.5; an answer is trained (1, true) or not (0, false)',
    ],
    [turn('assistant', 'A', { weight: 0 }), '"messages" has no answer that is to be trained'],
    [
      turn('assistant', 'A', { weight: 1, train: false }),
      '"messages[1].train" contradicts another mark of the same turn',
    ],
    [turn('assistant', null, { refusal: 'I will not' }), '"messages[1].refusal" is not supported'],
    [
      turn('assistant', null, { tool_calls: [{ type: 'function' }] }),
      '"messages[1].tool_calls[0].name" is missing',
    ],
    [
      turn('assistant', null, { tool_calls: [{ name: 'f', arguments: 'no' }] }),
      '"messages[1].tool_calls[0].arguments" is not valid JSON',
    ],
    [turn('assistant', '\ud83d'), '"messages[1].content" holds half of a character (a lone surrogate)'],
    [turn('alien', 'A'), '"messages[1].role" is "alien", which is no known role'],
  ])('are refused by name: %j', (message, reason) => {
    expect(() => answered(message)).toThrow(new RowError(reason));
  });
});

describe('data of other tasks', () => {
  const refuse =
    (row: Row, chosen: readonly string[] = []) =>
    () => {
      refusePreference(row, 'a.jsonl:1', new Set(chosen));
      refuseOtherTasks(row, 'a.jsonl:1', detectFormat(row, 'a.jsonl:1'));
    };
  const PAIR = { prompt: 'Q', completion: 'A' };

  it.each<[Row, string]>([
    [{ ...PAIR, label: false }, '"label" says whether an answer is wanted'],
    [{ ...PAIR, label: true }, '"label" says whether an answer is wanted'],
    [{ ...PAIR, label: 'False' }, '"label" says whether an answer is wanted'],
    [{ messages: [turn('user', 'Q'), turn('assistant', 'A')], kto_tag: false }, '"kto_tag" says whether'],
    [{ prompt: 'Q', chosen: 'A', rejected: 'B' }, '"chosen" makes this preference data'],
    [
      { conversations: [turn('user', 'Q'), turn('assistant', 'A')], rejected: { value: 'B' } },
      '"rejected" makes this preference data',
    ],
    [
      { input: {}, preferred_output: [{}], non_preferred_output: [{}] },
      '"preferred_output" makes this preference data',
    ],
  ])('%j is refused as a file', (row, reason) => {
    expect(refuse(row)).toThrow(UserError);
    expect(refuse(row)).toThrow(`a.jsonl:1: ${reason}`);
  });

  it.each<[Row, string]>([
    [{ ...PAIR, images: ['a.png'] }, '"images" is not supported: only text is trained'],
    [{ ...PAIR, choices: ['A', 'B'] }, '"choices" is not read'],
    [{ ...PAIR, weight: 0.5 }, '"weight" of a row is not supported'],
  ])('%j is left out as a row', (row, reason) => {
    expect(refuse(row)).toThrow(RowError);
    expect(refuse(row)).toThrow(reason);
  });

  it.each<Row>([
    { ...PAIR, label: 'contract' },
    { ...PAIR, label: null, images: [], rejected: null, weight: 1 },
    { text: 'running', label: 0 },
  ])('%j is trained', (row) => expect(refuse(row)).not.toThrow());

  it('is trained when its owner names the wanted answers', () => {
    expect(refuse({ prompt: 'Q', completion: 'A', rejected: 'B' }, ['chosen'])).not.toThrow();
  });

  it('is refused as a whole when the rows lie in a field', () => {
    expect(() => detectFormat({ version: '1', data: [{ a: 1 }] }, 'a.json:1')).toThrow(
      'a.json:1: expected a list of rows; this is an object with version, data: take the list out.',
    );
  });
});
