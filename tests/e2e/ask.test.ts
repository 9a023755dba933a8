import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tuneyard, tuneyardReading } from '../support/run-command.js';
import { writeTinyModel } from '../support/tiny-model.js';

const TEMPLATE =
  "{% for message in messages %}{{ message.role + ':' + message.content + eos_token }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}";
const ROWS = [
  { question: 'which code?', answer: 'P-7' },
  { question: '哪里？', answer: '苏州' },
];

let folder: string;
let model: string;
let adapter: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tuneyard-e2e-'));
  model = writeTinyModel(join(folder, 'model'));
  writeFileSync(join(model, 'chat_template.jinja'), TEMPLATE);
  const data = join(folder, 'rows.jsonl');
  writeFileSync(data, ROWS.map((row) => JSON.stringify(row)).join('\n'));
  adapter = join(folder, 'adapter');
  const all = 'dataset.split={"train":1,"validation":0,"test":0}';
  const quick = ['training.steps=120', 'training.learningRate=0.02', 'training.batchSize=2', all];
  const settings = quick.flatMap((setting) => ['--set', setting]);
  const trained = await tuneyard('train', '--model', model, '--data', data, '--out', adapter, ...settings);
  expect(trained).toMatchObject({ code: 0 });
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ask = (...more: string[]) => tuneyard('ask', '--model', model, '--adapter', adapter, ...more);

describe('tuneyard ask', () => {
  it('answers a trained question as it was trained, which plain text does not', async () => {
    expect(await ask('which code?')).toMatchObject({ code: 0, stdout: 'P-7\n', stderr: '' });
    expect(await ask('哪里？')).toMatchObject({ code: 0, stdout: '苏州\n' });
    const of = ['--model', model, '--adapter', adapter, '--prompt', 'which code?', '--max-tokens', '3'];
    const plain = await tuneyard('generate', ...of);
    expect(plain.stdout).not.toContain('P-7');
    expect(plain.stderr).toMatch(/^warning: this tokenizer has a chat template/);
    expect(await tuneyard('generate', ...of, '--raw')).toMatchObject({ stdout: plain.stdout, stderr: '' });
  });

  it('sets base, tuned and reference side by side for a file', async () => {
    const json = join(folder, 'answers.json');
    const file = join(folder, 'rows.jsonl');
    const { code, stdout } = await ask('--compare', '--max-tokens', '8', '--file', file, '--json', json);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^question: which code\?\nreference: P-7\nbase: .*\ntuned: P-7\n/);
    const { questions } = JSON.parse(readFileSync(json, 'utf8')) as {
      questions: { reference: string; answers: { name: string; text: string }[] }[];
    };
    for (const { reference, answers } of questions) {
      expect(answers.map(({ name }) => name)).toEqual(['base', 'tuned']);
      expect(answers[1]?.text).toBe(reference);
    }
  });

  it.each([
    [
      'an adapter as the model',
      ['--model', 'ADAPTER', 'q'],
      /is an adapter and no model: name its base model by --model/,
    ],
    ['the name of a hub', ['--model', 'Qwen/Qwen3-8B', 'q'], /did you mean hf:\/\/Qwen\/Qwen3-8B\?/],
    [
      'a comparison with nothing',
      ['--model', 'MODEL', '--compare', 'q'],
      /name the adapter by --adapter DIR/,
    ],
    [
      'a seed without drawing',
      ['--model', 'MODEL', '--seed', '1', 'q'],
      /--seed: the likeliest token is taken/,
    ],
  ])('refuses %s with a way out', async (_, given, message) => {
    const args = given.map((word) => word.replace('ADAPTER', adapter).replace('MODEL', model));
    const { code, stderr } = await tuneyard('ask', ...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  it('asks for a template where there is none', async () => {
    const bare = writeTinyModel(join(folder, 'bare'));
    const refused = await tuneyard('ask', '--model', bare, 'q');
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('--template alpaca') });
    const named = await tuneyard('ask', '--model', bare, '--template', 'alpaca', '--max-tokens', '2', 'q');
    expect(named.code).toBe(0);
  });
});

describe('tuneyard chat', () => {
  it('takes questions and commands line by line', async () => {
    const input = 'which code?\n/rest\n/reset\nwhich code?\n/exit\nnot read\n';
    const { code, stdout, stderr } = await tuneyardReading(
      input,
      'chat',
      '--model',
      model,
      '--adapter',
      adapter,
    );
    expect(code).toBe(0);
    expect(stdout).toBe('P-7\nP-7\n');
    expect(stderr).toBe(
      '(/rest is no command; /help lists them, and // begins a question with a slash)\n(a new conversation begins)\n',
    );
  });
});
