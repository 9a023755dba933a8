import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ChatTemplate } from './chat-template.js';
import type { Message } from './conversation.js';
import { markAnswers, type Segment } from './mark-answers.js';
import { hasReal, REAL } from './test-data.js';

const SPECIAL = ['<|im_start|>', '<|im_end|>', '<|endoftext|>', '<|end|>', '</s>', '<s>'];
const ADDED = { addedTokens: ['</tool_call>', ...SPECIAL], specialTokens: SPECIAL };
const chatml =
  "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
const template = (source: string) =>
  new ChatTemplate('the template', source, { bos: '<s>', eos: '</s>' }, false);
const twoTurns: Message[] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'One?' },
  { role: 'assistant', content: 'First.' },
  { role: 'user', content: 'Two?' },
  { role: 'assistant', content: 'Second.' },
];
const trainedOf = (segments: readonly Segment[] | undefined) =>
  (segments ?? []).filter((segment) => segment.trained).map((segment) => segment.text);
const textOf = (segments: readonly Segment[] | undefined) =>
  (segments ?? []).map((segment) => segment.text).join('');

describe('markAnswers', () => {
  it('trains every answer with its end of turn, and what stands between is read', () => {
    const texts = markAnswers(twoTurns, template(chatml), ADDED);
    expect(texts).toHaveLength(1);
    expect(trainedOf(texts[0])).toEqual(['First.<|im_end|>', 'Second.<|im_end|>']);
    expect(textOf(texts[0])).toBe(template(chatml).render(twoTurns, false).trimEnd());
  });

  it('is not misled by an end that shares its first characters with the next turn', () => {
    const source = chatml + '{% if not add_generation_prompt %}<|endoftext|>{% endif %}';
    const texts = markAnswers(twoTurns, template(source), ADDED);
    expect(trainedOf(texts[0])).toEqual(['First.<|im_end|>', 'Second.<|im_end|>']);
  });

  it('gives every answer a text of its own when a template rewrites earlier turns', () => {
    const source = chatml.replace(
      'm.content',
      "(m.content if m.role != 'assistant' or loop.last else m.content.split('</think>')[-1])",
    );
    const thinking = twoTurns.map((message) =>
      message.role === 'assistant' ? { ...message, content: `<think>hm</think>${message.content}` } : message,
    );
    const texts = markAnswers(thinking, template(source), ADDED);
    expect(texts.map((text) => trainedOf(text))).toEqual([
      ['<think>hm</think>First.<|im_end|>'],
      ['<think>hm</think>Second.<|im_end|>'],
    ]);
    expect(textOf(texts[1])).toContain('assistant\nFirst.');
  });

  it('ends an answer where the template ends it, whatever the answer itself ends with', () => {
    for (const content of [
      '<tool_call>\n{}\n</tool_call>',
      'Say <|im_end|>',
      'a</s>',
      'ends in <|im_end|>\n',
      'e',
      'q1',
    ]) {
      const messages: Message[] = [
        { role: 'user', content: 'One?' },
        { role: 'assistant', content },
      ];
      const [segments] = markAnswers(messages, template(chatml), ADDED);
      expect(trainedOf(segments)).toEqual([`${content}<|im_end|>`]);
      expect(segments?.at(-1)?.isClosed).toBe(true);
    }
  });

  it('does not take a token of the answer for the end of a turn that the template leaves open', () => {
    const source = chatml.replace('<|im_end|>', '');
    const messages: Message[] = [
      { role: 'user', content: 'One?' },
      { role: 'assistant', content: 'x</tool_call>' },
    ];
    const [segments] = markAnswers(messages, template(source), ADDED);
    expect(trainedOf(segments)).toEqual(['x</tool_call>\n']);
    expect(segments?.at(-1)?.isClosed).toBe(false);
  });

  it('ends tool calls with the token of the turn, not with that of the call', () => {
    const source =
      "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' }}{% if m.tool_calls %}{% for c in m.tool_calls %}" +
      "{{ '<tool_call>\\n' + c.function.name + '\\n</tool_call>' }}{% endfor %}{% else %}{{ m.content }}{% endif %}{{ '<|im_end|>\\n' }}{% endfor %}" +
      "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
    const messages: Message[] = [
      { role: 'user', content: 'One?' },
      { role: 'assistant', content: '', toolCalls: [{ name: 'look', arguments: {} }] },
      { role: 'tool', content: 'r' },
      { role: 'assistant', content: 'Two.' },
    ];
    const [segments] = markAnswers(messages, template(source), ADDED);
    expect(trainedOf(segments)).toEqual(['<tool_call>\nlook\n</tool_call><|im_end|>', 'Two.<|im_end|>']);
  });

  describe('a template that drops thoughts', () => {
    const body = (open: string) =>
      "{% for m in messages %}{% if m.role == 'user' %}{{ '<|im_start|>' + m.content }}{% else %}" +
      "{{ '<|end|>' + m.content.split('</think>')[-1] + '</s>' }}{% endif %}{% endfor %}" +
      `{% if add_generation_prompt %}{{ '<|end|>${open}' }}{% endif %}`;
    const chat = (content: string): Message[] => [
      { role: 'user', content: 'One?' },
      { role: 'assistant', content },
    ];
    const thought = '<think>\nhm\n</think>\n\nFirst.';

    it('trains the answer as it is written', () => {
      const texts = markAnswers(chat(thought), template(body('')), ADDED);
      expect(texts.map(trainedOf)).toEqual([[`${thought}</s>`]]);
      expect(textOf(texts[0])).toBe(`<|im_start|>One?<|end|>${thought}</s>`);
    });

    it('writes the begin of the thoughts once when the generation prompt has it', () => {
      const texts = markAnswers(chat(thought), template(body('<think>\\n')), ADDED);
      expect(textOf(texts[0])).toBe(`<|im_start|>One?<|end|>${thought}</s>`);
      expect(trainedOf(texts[0])).toEqual(['hm\n</think>\n\nFirst.</s>']);
    });

    it('refuses an answer without thoughts where the generation prompt begins them', () => {
      expect(() => markAnswers(chat('First.'), template(body('<think>\\n')), ADDED)).toThrow(
        'the template opens <think> before an answer, and this answer does not begin with it: give the thoughts with it, or name another dataset.template',
      );
    });

    it('refuses an answer that it rewrites', () => {
      const source = chatml.replace('m.content', '(m.content | upper)');
      expect(() => markAnswers(chat('First.'), template(source), ADDED)).toThrow(/rewrites the answer/);
    });
  });

  it('refuses a template whose answer does not follow its own generation prompt', () => {
    const source = chatml.replace('<|im_start|>assistant', '<|im_start|>bot');
    expect(() => markAnswers(twoTurns, template(source), ADDED)).toThrow(/generation prompt/);
  });
});

const golden = z.record(z.string(), z.object({ chat_template: z.string() }).loose());

describe.skipIf(!hasReal)('real chat templates (skipped without the reference folder)', () => {
  const entries = hasReal
    ? Object.entries(
        golden.parse(JSON.parse(readFileSync(`${REAL}tokenizers/golden/chat_template_golden.json`, 'utf8'))),
      )
    : [];

  it('either masks exactly the answers or refuses, for every template', () => {
    const chat = twoTurns.slice(1);
    let exact = 0;
    for (const [name, { chat_template: source }] of entries) {
      let texts: Segment[][];
      try {
        texts = markAnswers(chat, template(source), ADDED);
      } catch {
        continue; // The template itself refuses these messages, or hides where answers begin.
      }
      const trained = texts.flatMap((text) => trainedOf(text));
      expect(trained, name).toHaveLength(2);
      expect(trained[0], name).toContain('First.');
      expect(trained[1], name).toContain('Second.');
      for (const text of trained) expect(text, name).not.toMatch(/One\?|Two\?/);
      exact++;
    }
    expect(exact).toBeGreaterThan(entries.length * 0.7);
  });
});
