import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tuneyard } from '../support/run-command.js';
import { writeTinyModel } from '../support/tiny-model.js';

let folder: string;
let model: string;
let data: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tuneyard-e2e-'));
  model = writeTinyModel(join(folder, 'model'));
  data = join(folder, 'data.jsonl');
  const rows = Array.from({ length: 40 }, (_, i) => ({
    instruction: `code of part ${i}`,
    input: '',
    output: `P-${i * 7}`,
  }));
  writeFileSync(data, rows.map((row) => JSON.stringify(row)).join('\n'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const train = (out: string, ...more: string[]) =>
  tuneyard('train', '--model', model, '--data', data, '--out', join(folder, out), ...more);
const small = [
  '--set',
  'dataset.split={"train":1,"validation":0,"test":0}',
  '--set',
  'training.epochs=2',
  '--set',
  'training.batchSize=8',
  '--set',
  'training.microBatchSize=2',
];
const adapterDigest = (out: string): string =>
  createHash('sha256')
    .update(readFileSync(join(folder, out, 'adapter_model.safetensors')))
    .digest('hex');

describe('tuneyard train', () => {
  it('writes a PEFT adapter and the figures; one worker or two make no difference to a single bit', async () => {
    const json = join(folder, 'figures.json');
    const one = await train('one', ...small, '--set', 'method.lora.dropout=0.1', '--json', json);
    expect(one).toMatchObject({ code: 0 });
    const two = await train('two', ...small, '--set', 'method.lora.dropout=0.1', '--workers', '2');
    expect(two).toMatchObject({ code: 0 });

    expect(readdirSync(join(folder, 'one')).sort()).toEqual(
      expect.arrayContaining(['adapter_config.json', 'adapter_model.safetensors', 'data_report.json']),
    );
    expect(adapterDigest('two')).toBe(adapterDigest('one'));
    for (const name of ['README.md', 'training.json', 'evaluation.json', 'evaluation.jsonl']) {
      const text = readFileSync(join(folder, 'one', name), 'utf8');
      expect(text, name).toBe(readFileSync(join(folder, 'two', name), 'utf8'));
      expect(text, name).not.toContain(folder);
    }
    expect(JSON.parse(readFileSync(join(folder, 'one', 'adapter_config.json'), 'utf8'))).toMatchObject({
      base_model_name_or_path: 'model',
    });
    const figures = JSON.parse(readFileSync(json, 'utf8')) as { steps: number; losses: { loss: number }[] };
    expect(figures.steps).toBe(10);
    expect(figures.losses.at(-1)!.loss).toBeLessThan(figures.losses[0]!.loss);
    expect(one.stdout.trim()).toBe(join(folder, 'one'));
    expect(one.stderr).toContain('tokens/s');
  }, 60_000);

  it('resumes from a checkpoint to the same bits as a run that was never interrupted', async () => {
    const uri = `training.checkpoint.uri=file://${join(folder, 'checkpoints')}`;
    const checkpointed = [...small, '--set', uri, '--set', 'training.checkpoint.everySteps=3'];
    expect(await train('whole', ...checkpointed)).toMatchObject({ code: 0 });
    rmSync(join(folder, 'whole', 'adapter_model.safetensors'));
    // The newest checkpoint is of step 9 of 10: the second run takes the last step only.
    const [run = ''] = readdirSync(join(folder, 'checkpoints'));
    expect(readdirSync(join(folder, 'checkpoints', run))).toContain('step-00000009');
    const another = await train('resumed', ...checkpointed);
    expect(another.code).toBe(2);
    expect(another.stderr).toMatch(/left a checkpoint of step 9 in .*: add --resume to go on/);
    const changed = await train(
      'resumed',
      ...checkpointed,
      '--set',
      'training.learningRate=0.01',
      '--resume',
    );
    expect(changed.code).toBe(2);
    expect(changed.stderr).toMatch(/another training\.learningRate \(then [\d.]+, now 0\.01\)/);
    const resumed = await train('resumed', ...checkpointed, '--resume');
    expect(resumed).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('goes on from the checkpoint of step 9'),
    });
    expect(await train('plain', ...small)).toMatchObject({ code: 0 });
    expect(adapterDigest('resumed')).toBe(adapterDigest('plain'));
  }, 60_000);

  it('measures the base too, holds test rows back for a metric, and shows and keeps the answers', async () => {
    const json = join(folder, 'compared.json');
    const short = ['--set', 'training.steps=4', '--set', 'evaluation.metrics=["exactMatch"]'];
    const { code, stderr } = await train(
      'compared',
      ...short,
      '--set',
      'evaluation.maxNewTokens=4',
      '--json',
      json,
    );
    expect(code).toBe(0);
    const { evaluation, metrics } = JSON.parse(readFileSync(json, 'utf8')) as {
      evaluation: { split: string; rows: number; verdict: { text: string }; compared: { base?: string }[] };
      metrics: { name: string; base?: number }[];
    };
    expect(metrics.map(({ name, base }) => [name, typeof base])).toEqual([
      ['exactMatch', 'number'],
      ['evalLoss', 'number'],
    ]);
    expect(evaluation).toMatchObject({ split: 'test', compared: expect.any(Array) });
    expect(evaluation.compared).toHaveLength(evaluation.rows);
    expect(evaluation.compared.every(({ base }) => base !== undefined)).toBe(true);
    expect(stderr).toContain(evaluation.verdict.text);
    expect(stderr).toMatch(/question +│ reference +│ base +│ tuned/);
    const lines = readFileSync(join(folder, 'compared', 'evaluation.jsonl'), 'utf8')
      .trim()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(evaluation.compared);
  }, 60_000);

  it('rounds gradients to bf16 in the same way for one worker and two', async () => {
    const rounded = [...small, '--set', 'training.gradientCompression=bf16'];
    expect(await train('one-bf16', ...rounded)).toMatchObject({ code: 0 });
    expect(await train('two-bf16', ...rounded, '--workers', '2')).toMatchObject({ code: 0 });
    expect(adapterDigest('two-bf16')).toBe(adapterDigest('one-bf16'));
    expect(adapterDigest('one-bf16')).not.toBe(adapterDigest('plain'));
  }, 60_000);

  it('gives a model that generates with the adapter what the adapter was trained for', async () => {
    const out = join(folder, 'one');
    const answer = await tuneyard(
      'generate',
      '--model',
      model,
      '--adapter',
      out,
      '--prompt',
      'x',
      '--max-tokens',
      '3',
    );
    expect(answer).toMatchObject({ code: 0 });
    const loss = async (...adapter: string[]): Promise<number> => {
      const { stdout } = await tuneyard('loss', '--model', model, '--file', data, '--json', '-', ...adapter);
      return (JSON.parse(stdout) as { loss: number }).loss;
    };
    expect(await loss('--adapter', out)).not.toBe(await loss());
  }, 60_000);
});

describe('bad input ends with code 2, one sentence, and nothing left behind', () => {
  const cases: [string, () => string[], RegExp][] = [
    [
      'a malformed line',
      () => [dataFile('{"instruction": "a", "output": "b"}\n{"instruction": ')],
      /data-\d\.jsonl:2/,
    ],
    ['an empty data set', () => [dataFile('')], /no rows/],
    ['a data file that is not there', () => ['--data', join(folder, 'absent.jsonl')], /absent\.jsonl/],
    ['an unknown field', () => ['--data', data, '--set', 'training.epoch=3'], /training\.epoch.*epochs/],
    ['an impossible value', () => ['--data', data, '--set', 'training.epochs=-3'], /training\.epochs/],
  ];
  let files = 0;
  function dataFile(content: string): string {
    const file = join(folder, `data-${files++}.jsonl`);
    writeFileSync(file, content);
    return file;
  }

  it.each(cases)('%s', async (_, args, message) => {
    const given = args();
    const flags = given.length === 1 ? ['--data', given[0] as string] : given;
    const out = join(folder, 'never');
    const result = await tuneyard('train', '--model', model, '--out', out, ...flags);
    expect(result.stderr.trimEnd().split('\n').at(-1)).toMatch(message);
    expect(result.code).toBe(2);
    expect(existsSync(out)).toBe(false);
  });

  it.each([
    [
      'an unsupported architecture',
      { config: { architectures: ['BertModel'], model_type: 'bert' } },
      /bert.*llama/is,
    ],
    ['a truncated safetensors file', { truncate: 1000 }, /model\.safetensors/],
    ['a missing tensor', { config: { num_hidden_layers: 3 } }, /model\.layers\.2\..*(missing|not)/],
    ['a wrong shape', { config: { intermediate_size: 161 } }, /shape|161/],
  ])('%s', async (name, damage, message) => {
    const broken = writeTinyModel(join(folder, name.replaceAll(' ', '-')));
    if ('config' in damage) {
      const file = join(broken, 'config.json');
      const config = JSON.parse(readFileSync(file, 'utf8')) as object;
      writeFileSync(file, JSON.stringify({ ...config, ...damage.config }));
    } else {
      const file = join(broken, 'model.safetensors');
      writeFileSync(file, readFileSync(file).subarray(0, damage.truncate));
    }
    const out = join(folder, 'never');
    const result = await tuneyard('train', '--model', broken, '--data', data, '--out', out);
    expect(result.stderr.trimEnd().split('\n').at(-1)).toMatch(message);
    expect(result.code).toBe(2);
    expect(existsSync(out)).toBe(false);
  });
});
