import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ChatTemplate } from './chat-template.js';
import type { Message } from './conversation.js';
import { markAnswers, type Segment } from './mark-answers.js';
import { hasReal, REAL } from './test-data.js';

const ADDED = ['<|im_start|>', '<|im_end|>', '<|endoftext|>', '<|end|>', '</s>', '<s>'];
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
