import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ChatTemplate, encodeConversation, type Message } from '../data/index.js';
import { characterTokenizer, TURN_TEMPLATE } from '../data/test-data.js';
import { UserError } from '../errors.js';
import { ChatFormat } from './chat-format.js';
import { completeConversations } from './complete-conversations.js';

const DIALOGUE: readonly Message[] = [
  { role: 'user', content: 'who?' },
  { role: 'assistant', content: 'me' },
  { role: 'user', content: 'and now?' },
  { role: 'assistant', content: 'you' },
];
/** Ends a turn with a token that is not the end of sequence. */
const MARKED =
  "{% for message in messages %}{{ message.role + ':' + message.content + '<|user|>' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}";
const REFUSES_SYSTEM = `{% if messages[0].role == 'system' %}{{ raise_exception('no system message') }}{% endif %}${TURN_TEMPLATE}`;

function formatOf(source: string) {
  const tokenizer = characterTokenizer(source);
  const template = ChatTemplate.choose('auto', tokenizer);
  return { tokenizer, template, format: new ChatFormat(tokenizer, template) };
}

describe('a chat format', () => {
  it.each([
    ['of a usual template', TURN_TEMPLATE],
    ['whose turns end with a token of their own', MARKED],
    ['that is built in', 'alpaca'],
  ])('%s puts the ids before an answer that training puts there', (_, source) => {
    const tokenizer = characterTokenizer();
    const template = ChatTemplate.choose(source, tokenizer);
    const { examples } = encodeConversation({ kind: 'chat', messages: DIALOGUE }, 'here', {
      tokenizer,
      template,
      maxLength: 1000,
      trainOnPrompt: false,
    });
    const [example] = examples;
    const trained = example?.inputIds.slice(0, example.promptLength);
    expect(new ChatFormat(tokenizer, template).promptIds(DIALOGUE.slice(0, -1))).toEqual(trained);
  });

  it('stops where the template ends a turn, and at the end of sequence', () => {
    const { format, tokenizer } = formatOf(MARKED);
    expect(format.stopIds).toEqual([tokenizer.eosId, tokenizer.idOf('<|user|>')]);
  });

  it('says in the words of the template why it takes no system message', () => {
    const { format } = formatOf(REFUSES_SYSTEM);
    expect(() => format.promptIds([{ role: 'system', content: 'short' }, ...DIALOGUE.slice(0, 1)])).toThrow(
      new UserError(
        "the conversation cannot be put to the model: the model's chat template refuses it: no system message",
      ),
    );
  });
});

describe('completing conversations', () => {
  const { format, tokenizer } = formatOf(TURN_TEMPLATE);
  const question: readonly Message[] = [{ role: 'user', content: 'hi' }];

  it('answers in groups, in the order of the questions', async () => {
    const groups: number[] = [];
    const echo = (prompts: readonly Int32Array[]) => {
      groups.push(prompts.length);
      return prompts.map((prompt) => prompt.slice(0, 10));
    };
    const asked = Array.from({ length: 20 }, (_, at) => [{ role: 'user' as const, content: `q${at}` }]);
    const answers = await completeConversations(echo, format, asked, { maxNewTokens: 11, maxPositions: 99 });
    expect(groups).toEqual([16, 4]);
    expect(answers.map(({ text }) => text)).toEqual(
      asked.map(([message]) =>
        tokenizer.decode(tokenizer.encode(`<s><|user|>${message?.content}`).slice(0, 10)),
      ),
    );
    expect(answers[0]?.finishReason).toBe('stop');
  });

  it('tells an answer that was cut from one that ended', async () => {
    const three = () => [Int32Array.from(tokenizer.encode('abc'))];
    const [cut] = await completeConversations(three, format, [question], {
      maxNewTokens: 3,
      maxPositions: 99,
    });
    expect(cut).toMatchObject({ text: 'abc', newTokens: 3, finishReason: 'length' });
  });

  it('refuses a conversation that fills the positions of the model', async () => {
    const none = () => [new Int32Array(0)];
    await expect(
      completeConversations(none, format, [question], { maxNewTokens: 3, maxPositions: 5 }),
    ).rejects.toThrow(/has \d+ tokens and leaves no room for an answer: the model reads 5 at most/);
  });
});

describe('the template of a model and its adapter', () => {
  const folders: string[] = [];
  const folderWith = (files: Readonly<Record<string, string>>): string => {
    const folder = mkdtempSync(join(tmpdir(), 'tuneyard-format-'));
    folders.push(folder);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return folder;
  };
  const tokenizerJson = JSON.stringify({
    version: '1.0',
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: { type: 'Fuse' },
    model: { type: 'BPE', vocab: { a: 0, b: 1, ':': 2, c: 3 }, merges: [] },
  });
  const model = (more: Readonly<Record<string, string>> = {}) =>
    folderWith({
      'tokenizer.json': tokenizerJson,
      'tokenizer_config.json': '{"eos_token": "c", "chat_template": "{{ messages[0].content }}a"}',
      ...more,
    });
  afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })));
  const ask = (format: ChatFormat) => format.textOf(format.promptIds([{ role: 'user', content: ':' }]));

  it.each([
    ['a template file', { 'chat_template.jinja': '{{ messages[0].content }}b' }],
    [
      'a tokenizer',
      {
        'tokenizer.json': tokenizerJson,
        'tokenizer_config.json': '{"chat_template": "{{ messages[0].content }}b"}',
      },
    ],
    [
      'a tokenizer configuration',
      { 'tokenizer_config.json': '{"chat_template": "{{ messages[0].content }}b"}' },
    ],
  ])("the adapter's wins where it has %s", (_, files) => {
    const base = model({ 'chat_template.jinja': '{{ messages[0].content }}a' });
    expect(ask(ChatFormat.load(base, { adapter: folderWith(files) }))).toBe(':b');
  });

  it("is the model's where the adapter has none", () => {
    expect(ask(ChatFormat.load(model(), { adapter: folderWith({}) }))).toBe(':a');
  });

  it('is asked for where there is none', () => {
    const bare = model({ 'tokenizer_config.json': '{"eos_token": "c"}' });
    expect(() => ChatFormat.load(bare)).toThrow(/has no chat template.*--template alpaca/);
    expect(() => ChatFormat.load(bare, { template: 'plain' })).not.toThrow();
  });
});
