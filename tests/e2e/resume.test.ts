import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Finished_Outcome, MethodType, type MethodConfig, type TrainerConfig } from '@tuneyard/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { train, Workbench, type LoadedJob } from '@tuneyard/trainer/loop';
import { openStorage, type LocalJob } from '@tuneyard/trainer/storage';
import type { Observer } from '@tuneyard/trainer/observe';
import { SoloGroup } from '../support/solo-group.js';
import { writeTinyModel } from '../support/tiny-model.js';

let folder: string;
let model: string;
let data: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tuneyard-resume-'));
  model = writeTinyModel(join(folder, 'model'));
  data = join(folder, 'data.jsonl');
  const rows = Array.from({ length: 24 }, (_, i) => ({
    instruction: `part ${i}`,
    output: `${(i * 37) % 101}`,
  }));
  writeFileSync(data, rows.map((row) => JSON.stringify(row)).join('\n'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const none = { lora: undefined, ptuning: undefined, prefix: undefined, prompt: undefined };
type Lora = NonNullable<MethodConfig['lora']>;
const lora = (more: Partial<Lora> = {}, type: MethodType = MethodType.METHOD_TYPE_LORA): MethodConfig => ({
  ...none,
  type,
  lora: {
    rank: 4,
    alpha: 8,
    dropout: 0.2,
    targetModules: ['all-linear'],
    excludeModules: [],
    layersToTransform: [],
    layersPattern: [],
    modulesToSave: [],
    rankPattern: {},
    alphaPattern: {},
    dora: false,
    variant: 'standard',
    init: 'kaiming',
    initFrom: '',
    initFromSecret: '',
    loraPlusRatio: 1,
    ...more,
  },
});
const METHODS: Readonly<Record<string, MethodConfig>> = {
  lora: lora(),
  'lora, gaussian start, lora+': lora({ init: 'gaussian', loraPlusRatio: 4 }),
  rslora: lora({ variant: 'rslora' }),
  dora: lora({ variant: 'dora' }),
  qlora: lora({}, MethodType.METHOD_TYPE_QLORA),
  'p-tuning with an mlp': {
    ...none,
    type: MethodType.METHOD_TYPE_PTUNING,
    ptuning: { virtualTokens: 4, encoder: 'mlp', hiddenSize: 16, encoderLayers: 1, encoderDropout: 0 },
  },
  'p-tuning with an lstm': {
    ...none,
    type: MethodType.METHOD_TYPE_PTUNING,
    ptuning: { virtualTokens: 4, encoder: 'lstm', hiddenSize: 16, encoderLayers: 2, encoderDropout: 0.2 },
  },
  prefix: {
    ...none,
    type: MethodType.METHOD_TYPE_PTUNING_V2,
    prefix: { virtualTokens: 4, projection: false, hiddenSize: 0 },
  },
  'projected prefix': {
    ...none,
    type: MethodType.METHOD_TYPE_PTUNING_V2,
    prefix: { virtualTokens: 4, projection: true, hiddenSize: 16 },
  },
  prompt: {
    ...none,
    type: MethodType.METHOD_TYPE_PROMPT,
    prompt: { virtualTokens: 4, init: 'vocabulary', initText: '' },
  },
  full: { ...none, type: MethodType.METHOD_TYPE_FULL },
};

/** Two passes of six steps over 24 examples; with validation, early stopping watches but never stops. */
function configOf(
  name: string,
  method: MethodConfig,
  more: { validation?: number; epochs?: number } = {},
): TrainerConfig {
  const validation = more.validation ?? 0;
  return {
    model: { source: pathToFileURL(model).href, revision: '', secret: '', fromScratch: false },
    method,
    dataset: {
      sources: [
        {
          uri: pathToFileURL(data).href,
          format: 'auto',
          weight: 1,
          split: '',
          columns: {},
          secret: '',
          sheet: '',
        },
      ],
      split: { train: 1 - validation, validation, test: 0, seed: 3 },
      template: 'auto',
      encoding: 'auto',
      date: '',
      maxLength: 128,
      packing: false,
      trainOnPrompt: false,
      clean: { dedupe: true, minTokens: 1, maxTokens: 0 },
    },
    training: {
      epochs: more.epochs ?? 2,
      steps: 0,
      batchSize: 4,
      microBatchSize: 2,
      learningRate: 0.01,
      scheduler: 'cosine',
      warmupRatio: 0.2,
      weightDecay: 0.01,
      maxGradNorm: 1,
      precision: 'fp32',
      seed: 5,
      evalEverySteps: 2,
      earlyStopping: { metric: 'evalLoss', patience: validation > 0 ? 100 : 0, minDelta: 0 },
      checkpoint: {
        everySteps: 0,
        keep: 2,
        uri: pathToFileURL(join(folder, 'checkpoints', name)).href,
        secret: '',
        resume: '',
      },
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      gradientCheckpointing: false,
      gradientCompression: 'none',
      verifyEverySteps: 0,
    },
    evaluation: { metrics: [], maxNewTokens: 0 },
    output: { uri: pathToFileURL(join(folder, 'out', name)).href, formats: ['peft'], secret: '' },
  };
}

class WatchedWorkbench extends Workbench {
  job!: LoadedJob;

  override async load(local: LocalJob): Promise<LoadedJob> {
    this.job = await super.load(local);
    return this.job;
  }
}

interface Result {
  readonly outcome: Finished_Outcome;
  readonly group: SoloGroup;
  /** sha256 of the weights of the result. */
  readonly digest: string;
  readonly warnings: readonly string[];
  readonly resumedAt: readonly number[];
  readonly validationLosses: readonly number[];
}

/** Trains through the loop; `stopAfter` = the process is told to end once that many steps are done. */
async function run(
  config: TrainerConfig,
  stopAfter = Infinity,
  inspect?: (compute: WatchedWorkbench) => Promise<void>,
  uid = 'u-1',
): Promise<Result> {
  const group = new SoloGroup(config);
  const compute = new WatchedWorkbench();
  const warnings: string[] = [];
  const resumedAt: number[] = [];
  const validationLosses: number[] = [];
  const interruption = new AbortController();
  if (stopAfter <= 0) interruption.abort();
  const observer: Observer = {
    loading: () => undefined,
    loaded: () => undefined,
    resumed: (step) => resumedAt.push(step),
    step: ({ step }) => {
      if (step >= stopAfter) interruption.abort();
    },
    evaluation: (_, loss) => validationLosses.push(loss),
    tested: () => undefined,
    checkpoint: () => undefined,
    warn: (message) => warnings.push(message),
  };
  let clock = 0;
  try {
    const outcome = await train({
      job: { namespace: 'legal', name: 'contracts', uid },
      group,
      compute,
      observer,
      storage: openStorage(process.env),
      now: () => clock++,
      interrupted: interruption.signal,
    });
    await inspect?.(compute);
    return { outcome, group, digest: digestOf(config), warnings, resumedAt, validationLosses };
  } finally {
    await compute.dispose();
  }
}

function digestOf({ output }: TrainerConfig): string {
  const place = new URL(output?.uri ?? '');
  const names = readdirSync(place).filter((name) => name.endsWith('.safetensors'));
  const hash = createHash('sha256');
  for (const name of names.sort()) hash.update(name).update(readFileSync(new URL(`${place.href}/${name}`)));
  return names.length === 0 ? 'nothing' : hash.digest('hex');
}

describe('a run whose settings were changed', () => {
  it('begins anew beside the checkpoints of the other one, and says so', async () => {
    const config = configOf('changed', lora());
    mkdirSync(new URL(config.output?.uri ?? ''), { recursive: true });
    await run(config, 4);
    const changed = { ...config, training: { ...config.training!, batchSize: 8 } };
    const { resumedAt, warnings } = await run(changed, 1);
    expect(resumedAt).toEqual([]);
    expect(warnings).toEqual([
      `training starts anew: the checkpoints in ${config.training?.checkpoint?.uri} are of another run, with another ` +
        'training.batchSize (then 4, now 8); only a run with the same ones goes on from them',
    ]);
  });
});

describe('a job of the same name, settings and data as one before it', () => {
  it('is refused beside the checkpoint of the other, and goes on from it where it asks to', async () => {
    const config = configOf('again', lora());
    mkdirSync(new URL(config.output?.uri ?? ''), { recursive: true });
    await run(config, 4);
    await expect(run(config, Infinity, undefined, 'u-2')).rejects.toThrow(
      /the checkpoint of step 4 in file:.*step-00000004 was written by another job, legal\/contracts \(uid u-1\): to go on from it set training\.checkpoint\.resume: any; to train anew name another folder/,
    );
    const training = { ...config.training!, checkpoint: { ...config.training!.checkpoint!, resume: 'any' } };
    const asked = await run({ ...config, training }, Infinity, undefined, 'u-2');
    expect(asked.resumedAt).toEqual([4]);
    expect(asked.group.resumedFrom).toMatchObject({ step: 4, job: { name: 'contracts', uid: 'u-1' } });
    expect(asked.digest).toBe((await run(configOf('again-whole', lora()))).digest);
  });

  it('is told that it replaces the result of the other', async () => {
    const config = configOf('replaced', lora());
    await run(config);
    const place = configOf('replaced-elsewhere', lora()).training!;
    const { warnings } = await run({ ...config, training: place }, 1, undefined, 'u-2');
    expect(warnings).toEqual([
      `${config.output?.uri} holds the result of another job, legal/contracts (uid u-1): the result of this one will replace it`,
    ]);
  });
});

describe('a run that is stopped and resumed writes the bits of one that was not', () => {
  it.each(Object.entries(METHODS))('%s', async (name, method) => {
    const whole = await run(configOf(`${name}-whole`, method));
    expect(whole.group.finished?.step).toBe(12);

    // In the middle of a pass, at its end, and one step before the end of all: three stops in one life.
    const config = configOf(`${name}-stopped`, method);
    mkdirSync(new URL(config.output?.uri ?? ''), { recursive: true });
    for (const [index, stop] of [4, 6, 11].entries()) {
      const stopped = await run(config, stop);
      expect(stopped.outcome).toBe(Finished_Outcome.OUTCOME_STOPPED);
      expect(stopped.resumedAt).toEqual(index === 0 ? [] : [[4, 6][index - 1]]);
      expect(stopped.digest).toBe('nothing');
    }
    const resumed = await run(config);
    expect(resumed.resumedAt).toEqual([11]);
    expect(resumed.group.progress.map(({ step }) => step)).toEqual([12]);
    expect(resumed.digest).toBe(whole.digest);
  });

  it('also at any step, with evaluations, early stopping and the best state to come back to', async () => {
    const more = { validation: 0.3, epochs: 3 };
    const whole = await run(configOf('each-whole', lora(), more));
    const steps = whole.group.finished?.step ?? 0;
    expect(steps).toBeGreaterThan(8);
    const config = configOf('each-stopped', lora(), more);
    mkdirSync(new URL(config.output?.uri ?? ''), { recursive: true });
    const seen: number[] = [];
    for (let stop = 1; stop < steps; stop++) seen.push(...(await run(config, stop)).validationLosses);
    const last = await run(config);
    expect([...seen, ...last.validationLosses]).toEqual(whole.validationLosses);
    expect(last.digest).toBe(whole.digest);
    expect(last.group.finished?.metrics).toEqual(whole.group.finished?.metrics);
  });
});

describe('a damaged checkpoint', () => {
  it('is told of, the one before it is used, and the result is the same', async () => {
    const whole = await run(configOf('sound', lora()));
    const config = configOf('damaged', lora());
    mkdirSync(new URL(config.output?.uri ?? ''), { recursive: true });
    await run(config, 3);
    await run(config, 7);
    const root = join(folder, 'checkpoints', 'damaged');
    const [fingerprint = ''] = readdirSync(root);
    const newest = join(root, fingerprint, 'step-00000007', 'state.bin');
    const bytes = readFileSync(newest);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(newest, bytes);
    const resumed = await run(config);
    expect(resumed.resumedAt).toEqual([3]);
    expect(resumed.warnings).toContainEqual(expect.stringContaining('step-00000007 is not usable'));
    expect(resumed.digest).toBe(whole.digest);
  });
});

describe('the result', () => {
  it('is the state with the best validation loss', async () => {
    // Answers that nothing tells: what is learned is learned by heart, until three evaluations were no better.
    const config = configOf('best', lora(), { validation: 0.3, epochs: 40 });
    const training = {
      ...config.training!,
      learningRate: 0.05,
      scheduler: 'constant',
      earlyStopping: { metric: 'evalLoss', patience: 3, minDelta: 0 },
      checkpoint: { everySteps: 0, keep: 1, uri: '', secret: '', resume: '' },
    };
    let again = 0;
    const result = await run({ ...config, training }, Infinity, async (compute) => {
      const sum = { lossSum: 0, trainedTokens: 0 };
      for (let index = 0; index < compute.job.validationBatches; index++) {
        const { lossSum, trainedTokens } = await compute.validationLoss(index);
        sum.lossSum += lossSum;
        sum.trainedTokens += trainedTokens;
      }
      again = sum.lossSum / sum.trainedTokens;
    });
    const best = Math.min(...result.validationLosses);
    expect(result.validationLosses.indexOf(best)).toBe(result.validationLosses.length - 4);
    expect(result.group.finished?.step).toBeLessThan(100);
    expect(again).toBe(best);
    expect(result.group.finished?.metrics).toMatchObject([{ name: 'evalLoss', tuned: best }]);
  });
});
