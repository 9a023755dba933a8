import { describe, expect, it } from 'vitest';
import { UserError } from '../errors.js';
import { parseFineTuneJob, parseFineTuneJobSpec, parseGpuQueue, parseManifests } from './parse.js';

const jobYaml = (spec: string) => `apiVersion: tuneyard.dev/v1alpha1
kind: FineTuneJob
metadata: { name: legal }
spec:
  queueName: team-legal
  model: { source: "file:///models/tiny" }
  dataset: { sources: [{ uri: "file:///data/train.jsonl" }] }
  output: { uri: "file:///out" }
${spec}`;

const message = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return (error as Error).message;
  }
  throw new Error('expected a UserError');
};

describe('parseFineTuneJob', () => {
  it('gives the typed object with defaults', () => {
    const job = parseFineTuneJob(jobYaml('  training: { epochs: 2 }'));
    expect(job.spec.training?.epochs).toBe(2);
    expect(job.spec).toMatchObject({
      priority: 0,
      suspend: false,
      goal: 'auto',
      managedBy: 'tuneyard.dev/controller',
    });
  });

  it('names a misspelt field rather than the one that is missing for it', () => {
    const yaml = jobYaml('').replace('  model:', '  modle:');
    expect(message(() => parseFineTuneJob(yaml, { file: 'job.yaml' }))).toMatch(
      /^job\.yaml:6: spec\.modle is not a field that is known: did you mean model\?/,
    );
  });

  it.each([
    [
      'an unknown field',
      '  training: { epoch: 2 }',
      'job.yaml:9: spec.training.epoch is not a field that is known: did you mean epochs?',
    ],
    [
      'an unknown field at the top of the spec',
      '  metod: { type: lora }',
      'job.yaml:9: spec.metod is not a field that is known: did you mean method?',
    ],
    [
      'an unknown field that resembles nothing',
      '  zzzzzzzz: 1',
      'job.yaml:9: spec.zzzzzzzz is not a field that is known',
    ],
    [
      'a wrong type',
      '  training: { epochs: many }',
      'job.yaml:9: spec.training.epochs: must be a number, not "many"',
    ],
    [
      'a value out of range',
      '  method: { lora: { rank: 0 } }',
      'job.yaml:9: spec.method.lora.rank: must be at least 1, not 0',
    ],
    [
      'a value outside the list',
      '  method: { type: lorra }',
      'job.yaml:9: spec.method.type: must be one of auto, lora, qlora, ptuning, ptuning-v2, prompt, full, not "lorra"',
    ],
    [
      'a block of another method',
      '  method: { type: prompt, lora: { rank: 4 } }',
      'job.yaml:9: spec.method.lora: method.lora is only for type auto, lora, qlora: remove the block or change the type',
    ],
    [
      'a micro-batch that does not divide',
      '  training: { batchSize: 10, microBatchSize: 4 }',
      'job.yaml:9: spec.training.microBatchSize: microBatchSize must divide batchSize',
    ],
    [
      'min above max',
      '  workers: { min: 3, max: 2 }',
      'job.yaml:9: spec.workers.min: min must not be larger than max',
    ],
    [
      'several problems, all of them',
      '  training: { epochs: many, batchSize: 0 }',
      '2 problems:\n  job.yaml:9: spec.training.epochs: must be a number, not "many"\n  job.yaml:9: spec.training.batchSize: must be at least 1, not 0',
    ],
    ['broken YAML', '  training: {', /^job\.yaml:\d+: is no valid YAML: /],
  ])('names the place of %s', (_what, spec, expected) => {
    const text = message(() => parseFineTuneJob(jobYaml(spec), { file: 'job.yaml' }));
    if (typeof expected === 'string') expect(text).toBe(expected);
    else expect(text).toMatch(expected);
  });

  it('refuses another kind, several documents, and an object without a spec', () => {
    expect(message(() => parseFineTuneJob(jobYaml('').replace('FineTuneJob', 'Pod')))).toContain(
      'kind: must be FineTuneJob, not "Pod"',
    );
    expect(message(() => parseFineTuneJob(`${jobYaml('')}\n---\na: 1\n`, { file: 'j' }))).toContain(
      'several documents',
    );
    expect(message(() => parseFineTuneJob({}))).toContain('apiVersion: is required');
  });

  it('refuses a name that pods cannot be named after', () => {
    const text = message(() => parseFineTuneJob(jobYaml('').replace('legal }', `${'x'.repeat(53)} }`)));
    expect(text).toContain('metadata.name must be at most 52 characters');
  });

  it('refuses shares that do not sum to 1', () => {
    const spec = (split: object) => ({
      queueName: 'q',
      model: { source: 'file:///m' },
      dataset: { sources: [{ uri: 'file:///d' }], split },
      output: { uri: 'file:///o' },
    });
    expect(parseFineTuneJobSpec(spec({ train: 0.8, validation: 0.1, test: 0.1 })).dataset.split?.test).toBe(
      0.1,
    );
    expect(message(() => parseFineTuneJobSpec(spec({ train: 0.8, validation: 0.1, test: 0 })))).toContain(
      'must sum to 1',
    );
    expect(message(() => parseFineTuneJobSpec(spec({ train: 0.8, test: 0.3 })))).toContain(
      'not sum to more than 1',
    );
  });
});

describe('parseGpuQueue', () => {
  it('reads quotas and fills defaults', () => {
    const queue = parseGpuQueue(
      'apiVersion: tuneyard.dev/v1alpha1\nkind: GpuQueue\nmetadata: { name: a }\nspec: { quotas: [{ flavor: H100, nominal: 8 }] }\n',
    );
    expect(queue.spec).toEqual({ quotas: [{ flavor: 'H100', nominal: 8 }], weight: 1, stopPolicy: 'none' });
  });
});

describe('parseManifests', () => {
  const queueYaml = `apiVersion: tuneyard.dev/v1alpha1
kind: GpuQueue
metadata: { name: team }
spec: { quotas: [{ flavor: H100, nominal: 4 }] }
`;

  it('reads every document and skips empty ones', () => {
    const manifests = parseManifests(`---\n${jobYaml('')}\n---\n---\n${queueYaml}`, { file: 'all.yaml' });
    expect(manifests).toMatchObject([
      { place: 'all.yaml:2: ', kind: 'FineTuneJob', name: 'legal', problems: [] },
      { place: 'all.yaml:13: ', kind: 'GpuQueue', name: 'team', problems: [] },
    ]);
    expect(parseManifests('# nothing\n')).toEqual([]);
  });

  it('names every problem of every document, the misspelling before what it leaves missing', () => {
    const job = jobYaml('  training: { epochs: many, step: 3 }').replace('  output:', '  outputs:');
    const [first, second] = parseManifests(`${job}\n---\nkind: GpuQeue\n`, { file: 'all.yaml' });
    expect(first?.problems).toEqual([
      'all.yaml:8: spec.outputs is not a field that is known: did you mean output?',
      'all.yaml:9: spec.training.step is not a field that is known: did you mean steps?',
      'all.yaml:9: spec.training.epochs: must be a number, not "many"',
    ]);
    expect(second?.problems).toEqual([
      'all.yaml:11: kind is "GpuQeue", not one of FineTuneJob, GpuQueue: did you mean GpuQueue?',
    ]);
  });

  it('leaves objects of others alone, as long as they say whose they are', () => {
    const [other, misspelt] = parseManifests(
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: data }\n---\napiVersion: tuneyard.dev/v1alpha1\nkind: Job\n',
    );
    expect(other).toMatchObject({ kind: 'ConfigMap', name: 'data', isForeign: true, problems: [] });
    expect(misspelt?.problems).toEqual([expect.stringContaining('kind is "Job", not one of')]);
  });

  it('reads on behind a document that is no YAML', () => {
    const [broken, queue] = parseManifests(`a: b\n  c: [\n---\n${queueYaml}`, { file: 'all.yaml' });
    expect(broken).toMatchObject({
      place: 'all.yaml:1: ',
      problems: [expect.stringMatching(/^all\.yaml:\d: is no valid YAML/)],
    });
    expect(queue?.problems).toEqual([]);
  });

  it('is not drowned by aliases of aliases', () => {
    const bomb = [
      'a: &a [x]',
      ...Array.from(
        { length: 9 },
        (_, i) => `${'bcdefghij'[i]}: &${'bcdefghij'[i]} [${`*${'abcdefghi'[i]},`.repeat(9)}]`,
      ),
    ];
    expect(parseManifests(bomb.join('\n'))[0]?.problems[0]).toMatch(/alias/);
  });
});
