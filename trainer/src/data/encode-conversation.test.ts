import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ChatTemplate } from './chat-template.js';
import type { Conversation } from './conversation.js';
import { encodeConversation, type Example } from './encode-conversation.js';
import { characterTokenizer, hasReal, REAL, TURN_TEMPLATE } from './test-data.js';
import { Tokenizer } from './tokenizer.js';

const chat: Conversation = {
  kind: 'chat',
  messages: [
    { role: 'user', content: 'One?' },
    { role: 'assistant', content: 'First.' },
    { role: 'user', content: 'Two?' },
    { role: 'assistant', content: 'Second.' },
  ],
};

const optionsOf = (tokenizer: Tokenizer, template = 'auto') => ({
  tokenizer,
  template: ChatTemplate.choose(template, tokenizer),
  maxLength: 512,
  trainOnPrompt: false,
});

/** The tokens of an example, those that are trained in brackets. */
function marked(example: Example | undefined, tokenizer: Tokenizer): string {
  return Array.from(example?.inputIds ?? [], (id, index) => {
    const token = tokenizer.tokenOf(id) ?? '?';
    return example?.trained[index] ? `[${token}]` : token;
  }).join('');
}

describe('encodeConversation', () => {
  it('trains the answers of all turns and the end of each, token by token', () => {
    const tokenizer = characterTokenizer(TURN_TEMPLATE);
    const { examples } = encodeConversation(chat, 'x:1', optionsOf(tokenizer));
    expect(marked(examples[0], tokenizer)).toBe(
      '<s><|user|>One?</s>\n<|assistant|>[F][i][r][s][t][.][</s>]\n<|user|>Two?</s>\n<|assistant|>[S][e][c][o][n][d][.][</s>]',
    );
    expect(examples[0]?.reference).toBe('Second.');
    const prompt = examples[0]?.inputIds.slice(0, examples[0].promptLength) ?? [];
    expect(tokenizer.decode(prompt)).toBe('One?\nFirst.\nTwo?\n');
  });

  it('appends and trains the end of sequence where a template has none', () => {
    const tokenizer = characterTokenizer();
    const template =
      '{% for m in messages %}{{ m.content }}\n{% endfor %}{% if add_generation_prompt %}{% endif %}';
    const single: Conversation = { kind: 'chat', messages: chat.messages.slice(0, 2) };
    const { examples } = encodeConversation(single, 'x:1', optionsOf(tokenizer, template));
    expect(marked(examples[0], tokenizer)).toBe('One?\n[F][i][r][s][t][.][\n][</s>]');
  });

  it('falls back to the alpaca template', () => {
    const tokenizer = characterTokenizer();
    const single: Conversation = { kind: 'chat', messages: chat.messages.slice(0, 2) };
    const { examples } = encodeConversation(single, 'x:1', optionsOf(tokenizer));
    expect(marked(examples[0], tokenizer)).toBe(
      '### Instruction:\nOne?\n\n### Response:\n[F][i][r][s][t][.][</s>]',
    );
  });

  it('cuts what is too long, and divides running text', () => {
    const tokenizer = characterTokenizer(TURN_TEMPLATE);
    const cut = encodeConversation(chat, 'x:1', { ...optionsOf(tokenizer), maxLength: 12 });
    expect(cut.truncated).toBe(1);
    expect(cut.examples[0]?.inputIds).toHaveLength(12);
    const hopeless = encodeConversation(chat, 'x:1', { ...optionsOf(tokenizer), maxLength: 5 });
    expect(hopeless.examples).toEqual([]);
    const text = encodeConversation({ kind: 'text', text: 'abcdefghij' }, 'x:1', {
      ...optionsOf(tokenizer),
      maxLength: 4,
    });
    expect(text.examples.map((example) => tokenizer.decode(example.inputIds))).toEqual([
      'abcd',
      'efgh',
      'ij',
    ]);
    expect(text.examples.at(-1)?.inputIds.at(-1)).toBe(tokenizer.eosId);
    expect(text.examples.at(-1)?.trained.at(-1)).toBe(1);
  });

  it('trains everything when asked to', () => {
    const tokenizer = characterTokenizer(TURN_TEMPLATE);
    const { examples } = encodeConversation(chat, 'x:1', { ...optionsOf(tokenizer), trainOnPrompt: true });
    expect(examples[0]?.trained.includes(0)).toBe(false);
  });
});

describe.skipIf(!hasReal)('a Qwen2.5 chat (skipped without the reference folder)', () => {
  it('is masked token by token', () => {
    const read = (name: string) =>
      z
        .record(z.string(), z.unknown())
        .parse(JSON.parse(readFileSync(`${REAL}tokenizers/qwen2.5/${name}`, 'utf8')));
    const tokenizer = new Tokenizer({
      tokenizer: read('tokenizer.json'),
      config: read('tokenizer_config.json'),
      generation: {},
    });
    const { examples } = encodeConversation(chat, 'x:1', optionsOf(tokenizer));
    expect(marked(examples[0], tokenizer)).toBe(
      '<|im_start|>systemĊYouĠareĠQwen,ĠcreatedĠbyĠAlibabaĠCloud.ĠYouĠareĠaĠhelpfulĠassistant.<|im_end|>Ċ' +
        '<|im_start|>userĊOne?<|im_end|>Ċ<|im_start|>assistantĊ[First][.][<|im_end|>]Ċ' +
        '<|im_start|>userĊTwo?<|im_end|>Ċ<|im_start|>assistantĊ[Second][.][<|im_end|>]',
    );
    // The text as a whole has the same ids, so nothing is trained that inference would spell otherwise.
    const whole = tokenizer.encode(optionsOf(tokenizer).template.render(chat.messages, false).trimEnd());
    expect([...(examples[0]?.inputIds ?? [])]).toEqual(whole);
  });
});
