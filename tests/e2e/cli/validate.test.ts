import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { REPOSITORY } from '../../support/repository.js';
import { tuneyard } from '../../support/run-command.js';
import { writeTinyModel } from '../../support/tiny-model.js';

let folder: string;
let model: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tuneyard-validate-'));
  model = writeTinyModel(join(folder, 'model'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const rows = (count: number, more: readonly object[] = []) =>
  [...Array.from({ length: count }, (_, i) => ({ instruction: `part ${i}`, output: `shelf ${i}` })), ...more]
    .map((row) => JSON.stringify(row))
    .join('\n');
const jobYaml = (data: string, more = '') => `apiVersion: tuneyard.dev/v1alpha1
kind: FineTuneJob
metadata: { name: parts }
spec:
  queueName: team
  model: { source: "file://${model}" }
  dataset: { sources: [{ uri: "file://${data}" }], maxLength: 64 }
  output: { uri: "pvc://results/parts" }
${more}`;
const queueYaml = (...flavors: string[]) => `apiVersion: tuneyard.dev/v1alpha1
kind: GpuQueue
metadata: { name: team }
spec: { quotas: [${flavors.map((flavor) => `{ flavor: ${flavor}, nominal: 4 }`).join(', ')}] }
`;

interface Findings {
  readonly kind: string;
  readonly valid: boolean;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
  readonly filled: readonly { readonly field: string; readonly value: unknown; readonly reason: string }[];
  readonly memory: { readonly bytesPerGpu: number; readonly flavors: readonly object[] };
  readonly data: {
    readonly rows: number;
    readonly splits: { readonly train: { readonly examples: number } };
  };
}

async function findingsOf(...args: string[]): Promise<{ code: number | null; documents: Findings[] }> {
  const { code, stdout, stderr } = await tuneyard('validate', '-o', 'json', ...args);
  expect(stderr).toBe('');
  return { code, documents: (JSON.parse(stdout) as { documents: Findings[] }).documents };
}

describe('tuneyard validate', () => {
  it('tells defaults, data and memory of a job whose files are here, against the flavors of its queue', async () => {
    const data = write('rows.jsonl', rows(50, [{ instruction: 'no answer', output: '' }]));
    const file = write('job.yaml', `${jobYaml(data)}---\n${queueYaml('H100', 'ours')}`);
    const { code, documents } = await findingsOf(file);
    expect(code).toBe(0);
    const [job, queue] = documents;
    expect(job).toMatchObject({
      kind: 'FineTuneJob',
      valid: true,
      problems: [],
      data: { rows: 51, invalid: 1 },
    });
    expect(job?.filled).toContainEqual({
      field: 'training.learningRate',
      value: 2e-4,
      reason: expect.any(String) as string,
    });
    expect(job?.memory.flavors).toEqual([
      { flavor: 'H100', bytes: 81_559 * 2 ** 20, fits: true },
      { flavor: 'ours' },
    ]);
    expect(job?.notes).toEqual([expect.stringContaining('memory of ours is not known') as string]);
    expect(job?.warnings).toContainEqual(
      expect.stringMatching(/1 of 51 rows are left out; .*rows\.jsonl:51/),
    );
    expect(queue).toMatchObject({ kind: 'GpuQueue', valid: true });

    const { stdout } = await tuneyard('validate', file);
    expect(stdout).toContain(`${file}:1: FineTuneJob parts: valid\n`);
    expect(stdout).toMatch(/H100: 79\.6 GiB, fits/);
    expect(stdout).toMatch(/spec\.training\.learningRate +0\.0002 +LoRA bears/);
  }, 30_000);

  it('refuses a limit below what a worker asks for, and warns of a range whose most is 1', async () => {
    const data = write('limits.jsonl', rows(20));
    const limits = '{ limits: { memory: 256Mi } }';
    const template = `  podTemplate: { spec: { containers: [{ name: trainer, resources: ${limits} }] } }\n`;
    const file = write('limits.yaml', jobYaml(data, `${template}  workers: { min: 4, max: 1 }\n`));
    const { code, documents } = await findingsOf(file);
    expect(code).toBe(1);
    expect(documents[0]?.problems).toEqual([
      expect.stringMatching(
        /limits\.yaml:1: spec\.podTemplate\.spec\.containers\[0\]\.resources\.limits\.memory is 256Mi, less than the \d+Mi that a worker is estimated to need/,
      ),
    ]);
    expect(documents[0]?.warnings).toContain(
      'spec.workers.max: 1 is less than min and counts as 4, as when it is not given; set it to 4 or more',
    );
  }, 30_000);

  it('takes copies of a model and of data that lie elsewhere', async () => {
    const data = write('copy.jsonl', rows(40));
    const yaml = jobYaml(data)
      .replaceAll(`file://${model}`, 'hf://org/model')
      .replaceAll(`file://${data}`, 's3://bucket/data');
    const file = write('elsewhere.yaml', yaml);
    const without = await findingsOf(file);
    expect(without.code).toBe(0);
    expect(without.documents[0]?.notes).toEqual([
      'memory is not estimated: config.json of hf://org/model is not on this machine; --model names a copy',
      'the data are not looked at: s3://bucket/data is not on this machine; --data names a copy',
    ]);
    const { documents } = await findingsOf(file, '--model', model, '--data', data, '--flavor', 'T4');
    expect(documents[0]).toMatchObject({
      notes: [],
      data: { rows: 40 },
      memory: { flavors: [{ flavor: 'T4', fits: true }] },
    });
  }, 30_000);

  it('ends with 1 and names line and field of every mistake, in each of several objects', async () => {
    const bad = jobYaml('/nowhere', '  training: { epoch: 2 }').replace('queueName', 'quueName');
    const file = write('bad.yaml', `${bad}\n---\n${queueYaml('H100')}---\n${queueYaml('H100')}`);
    const { code, documents } = await findingsOf(file);
    expect(code).toBe(1);
    expect(documents.map(({ problems }) => problems)).toEqual([
      [
        `${file}:5: spec.quueName is not a field that is known: did you mean queueName?`,
        `${file}:9: spec.training.epoch is not a field that is known: did you mean epochs?`,
      ],
      [],
      [`${file}:16: metadata.name: GpuQueue team is at ${file}:11 already; rename one`],
    ]);
  });

  it('refuses a job that fits no GPU that it may have, and says what would make it fit', async () => {
    const file = write('big.yaml', jobYaml(write('one.jsonl', rows(20))));
    const { code, documents } = await findingsOf(file, '--gpu-memory', '100Mi');
    expect(code).toBe(1);
    expect(documents[0]?.problems).toEqual([
      expect.stringMatching(
        /^.*big\.yaml:1: spec needs 0\.8 GiB on each GPU, but --gpu-memory has 0\.1 GiB: set training\.gradientCheckpointing/,
      ),
    ]);
  }, 30_000);

  it('refuses data of which nothing is left, and files that are no data', async () => {
    const empty = write('empty.jsonl', JSON.stringify({ instruction: 'no answer', output: '' }));
    const odd = write('odd.jsonl', JSON.stringify({ ask: 'a', reply: 'b' }));
    for (const [data, problem] of [
      [empty, /no usable row .*empty\.jsonl:1: "output" is empty/],
      [odd, /odd\.jsonl:1: cannot tell the format/],
    ] as const) {
      const { code, documents } = await findingsOf(write('job.yaml', jobYaml(data)));
      expect(code).toBe(1);
      expect(documents[0]?.problems.join()).toMatch(problem);
    }
  }, 30_000);

  it('looks past what else a file holds, which submit refuses before it sends anything', async () => {
    const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: { name: legal }\n';
    const file = write('all.yaml', `${namespace}---\n${jobYaml(write('one.jsonl', rows(20)))}`);
    const { code, documents } = await findingsOf(file);
    expect(code).toBe(0);
    expect(documents[0]).toMatchObject({ kind: 'Namespace', name: 'legal', valid: true });
    expect(documents[0]?.notes.join()).toContain('not looked at');
    const submitted = await tuneyard('submit', file);
    expect(submitted.code).toBe(2);
    expect(submitted.stderr).toContain('all.yaml:1: Namespace legal is none of Tuneyard');
  }, 30_000);

  it('ends with 2 for files and options that make no sense', async () => {
    expect(await tuneyard('validate', join(folder, 'none.yaml'))).toMatchObject({ code: 2, stdout: '' });
    const file = write('job.yaml', jobYaml(write('one.jsonl', rows(20))));
    const { code, stderr } = await tuneyard('validate', file, '--gpu-memory', 'much');
    expect(code).toBe(2);
    expect(stderr).toContain('write it like 80Gi');
  });

  it('ends with 2 for a model folder without weights, unless random ones are asked for', async () => {
    const bare = join(folder, 'bare');
    mkdirSync(bare);
    for (const name of ['config.json', 'tokenizer.json']) copyFileSync(join(model, name), join(bare, name));
    const yaml = jobYaml(write('one.jsonl', rows(20))).replace(`file://${model}`, `file://${bare}`);
    const file = write('bare.yaml', yaml);
    const { code, stdout } = await tuneyard('validate', file);
    expect(code).toBe(2);
    expect(stdout).toContain(`spec.model: ${bare} holds no weights`);
    expect((await tuneyard('validate', file, '--from-scratch')).code).toBe(0);
  }, 30_000);

  it('finds the examples of this repository valid', async () => {
    const examples = join(REPOSITORY, 'deploy/examples/support-desk');
    const sources = ['train', 'validation', 'test'].flatMap((split) => [
      '--data',
      join(examples, `${split}.jsonl`),
    ]);
    const base = join(REPOSITORY, 'deploy/examples/base-model');
    const files = [join(examples, 'job.yaml'), join(examples, 'queue.yaml')];
    const { code, stdout } = await tuneyard('validate', ...files, '--model', base, ...sources, '-o', 'yaml');
    expect(code).toBe(0);
    const { documents } = parse(stdout) as { documents: Findings[] };
    expect(documents[0]?.data).toMatchObject({ rows: 560, splits: { train: { examples: 448 } } });
  }, 30_000);
});
