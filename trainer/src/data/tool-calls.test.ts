import { describe, expect, it } from 'vitest';
import { ChatTemplate } from './chat-template.js';
import type { Conversation, Message } from './conversation.js';
import { encodeConversation } from './encode-conversation.js';
import { parseExactJson } from './exact-json.js';
import { messages as format } from './formats/messages.js';
import { characterTokenizer, TURN_TEMPLATE } from './test-data.js';

/** As published templates do it: functions first, then each turn with what belongs to it. */
const TOOL_TEMPLATE =
  "{%- if tools %}{{ '<|user|>' + tools[0] | tojson + eos_token }}{%- endif %}{%- for message in messages %}" +
  "{{ '<|' + ('assistant' if message.role == 'assistant' else 'user') + '|>' }}" +
  "{%- if message.reasoning_content %}{{ '<think>' + message.reasoning_content + '</think>' }}{%- endif %}" +
  '{%- if message.content %}{{ message.content }}{%- endif %}' +
  "{%- for call in message.tool_calls or [] %}{{ call.function.name + ' ' + call.function.arguments | tojson }}{%- endfor %}" +
  "{{ eos_token }}{%- endfor %}{%- if add_generation_prompt %}{{ '<|assistant|>' }}{%- endif %}";
/** One that appends the arguments as a text. */
const TEXT_TEMPLATE = TOOL_TEMPLATE.replace('call.function.arguments | tojson', 'call.function.arguments');

const ROW = parseExactJson(
  '{"tools":[{"type":"function","function":{"name":"pay","parameters":{"minimum":1.0}}}],"messages":[{"role":"user","content":"Pay"},' +
    '{"role":"assistant","content":null,"tool_calls":[{"function":{"name":"pay","arguments":{"id":12345678901234567890,"sum":1.10}}}]},' +
    '{"role":"tool","content":"done"},{"role":"assistant","content":"Paid."}]}',
) as Record<string, unknown>;

function encode(conversation: Conversation, template: string, trainOnPrompt = false) {
  const tokenizer = characterTokenizer(template);
  const options = {
    tokenizer,
    template: ChatTemplate.choose('auto', tokenizer),
    maxLength: 4096,
    trainOnPrompt,
  };
  const { examples } = encodeConversation(conversation, 'a.jsonl:1', options);
  const texts = (isWanted: (trained: number | undefined) => boolean) =>
    examples.map(({ inputIds, trained }) =>
      tokenizer.decode([...inputIds].filter((_, index) => isWanted(trained[index]))),
    );
  return { trained: texts((mark) => mark === 1), whole: texts(() => true) };
}

const chat = (...messages: Message[]): Conversation => ({ kind: 'chat', messages });
const USER: Message = { role: 'user', content: 'Q' };

describe('a conversation with tools', () => {
  it('is rendered whole, with the numbers as they are written, and its calls are trained', () => {
    const { trained, whole } = encode(format.read(ROW)[0]!, TOOL_TEMPLATE);
    expect(trained).toEqual(['pay {"id": 12345678901234567890, "sum": 1.10}Paid.']);
    expect(whole[0]).toContain('"parameters": {"minimum": 1.0}');
    expect(whole[0]).toContain('done');
  });

  it('gives the arguments as a text to a template that appends them', () => {
    expect(encode(format.read(ROW)[0]!, TEXT_TEMPLATE).trained).toEqual([
      'pay {"id": 12345678901234567890, "sum": 1.10}Paid.',
    ]);
  });

  it.each<[string, string, Conversation]>([
    [
      '"tools"',
      TURN_TEMPLATE,
      { ...chat(USER, { role: 'assistant', content: 'A' }), tools: [{ type: 'function' }] } as Conversation,
    ],
    [
      '"tool_calls" of turn 2 (assistant)',
      TURN_TEMPLATE,
      chat(USER, { role: 'assistant', content: 'A', toolCalls: [{ name: 'f', arguments: {} }] }),
    ],
    [
      '"reasoning_content" of turn 2 (assistant)',
      TURN_TEMPLATE,
      chat(USER, { role: 'assistant', content: 'A', reasoning: 'T' }),
    ],
    [
      '"content" of turn 2 (tool)',
      "{% for m in messages %}{% if m.role != 'tool' %}{{ '<|' + m.role + '|>' + m.content + eos_token }}{% endif %}{% endfor %}" +
        "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}",
      chat(USER, { role: 'tool', content: 'seen' }, { role: 'assistant', content: 'A' }),
    ],
  ])('is left out when the template passes over %s', (part, template, conversation) => {
    expect(() => encode(conversation, template)).toThrow(
      `the model's chat template does not render ${part}: name one that does in dataset.template`,
    );
  });
});

describe('an answer that is marked', () => {
  const read: Message = { role: 'assistant', content: 'wrong', isTrained: false };
  const marked = chat(USER, read, USER, { role: 'assistant', content: 'right' });

  it('as only read is part of the text and not trained', () => {
    const { trained, whole } = encode(marked, TURN_TEMPLATE);
    expect(trained).toEqual(['right']);
    expect(whole[0]).toContain('wrong');
  });

  it('so is left out where every turn is trained', () => {
    expect(() => encode(marked, TURN_TEMPLATE, true)).toThrow(
      'an answer is marked not to be trained, but dataset.trainOnPrompt trains every turn',
    );
  });

  it('is no question that asks to be trained, unless every turn is', () => {
    const answer: Message = { role: 'assistant', content: 'right' };
    const asking = (isTrained: boolean): Message => ({
      ...USER,
      mark: { path: 'messages[0].train', isTrained },
    });
    expect(() => encode(chat(asking(true), answer), TURN_TEMPLATE)).toThrow(
      '"messages[0].train" asks to train a turn of the user; only answers of the assistant are trained',
    );
    expect(encode(chat(asking(true), answer), TURN_TEMPLATE, true).trained.join('')).toContain(USER.content);
    expect(encode(chat(asking(false), answer), TURN_TEMPLATE).trained).toEqual(['right']);
    expect(() => encode(chat(asking(false), answer), TURN_TEMPLATE, true)).toThrow(
      '"messages[0].train" asks not to train the turn, but dataset.trainOnPrompt trains every turn',
    );
  });

  it('thinks before it answers where the template has a place for it', () => {
    expect(
      encode(chat(USER, { role: 'assistant', content: 'A', reasoning: 'T' }), TOOL_TEMPLATE).trained,
    ).toEqual(['<think>T</think>A']);
  });
});
