import type { Dataset } from './dataset.js';
import { Filler } from './filler.js';
import type { FineTuneJobSpec } from './fine-tune-job.js';
import { rateForWidth, resolveBatchSize, resolveDuration, type ResolveFacts } from './resolve-duration.js';
import { resolveMethod } from './resolve-method.js';
import type {
  ResolvedDataset,
  ResolvedMethod,
  ResolvedSpec,
  ResolvedTraining,
  ResolvedWorkers,
} from './resolved-spec.js';
import type { Training } from './training.js';
import type { Workers } from './workers.js';

/**
 * Fills in every field that the user left out. Pure: the same spec and facts always give the same result.
 * @param facts known before training, as of files on the machine of a local run; jobs of a cluster have none
 */
export function resolveSpec(spec: FineTuneJobSpec, facts: ResolveFacts = {}): ResolvedSpec {
  const fill = new Filler();
  const method = resolveMethod(spec.method ?? {}, spec.goal, fill);
  const workers = resolveWorkers(spec.workers ?? {});
  return {
    model: spec.model,
    method,
    dataset: resolveDataset(spec.dataset, spec.evaluation?.metrics ?? [], fill),
    training: resolveTraining(spec.training ?? {}, { method: method.type, output: spec.output, facts }, fill),
    workers,
    evaluation: {
      metrics: spec.evaluation?.metrics ?? [],
      maxNewTokens: spec.evaluation?.maxNewTokens ?? 128,
    },
    output: { ...spec.output, formats: spec.output.formats ?? ['peft'] },
    runPolicy: {
      backoffLimit: spec.runPolicy?.backoffLimit ?? 3,
      activeDeadlineSeconds: spec.runPolicy?.activeDeadlineSeconds,
      ttlSecondsAfterFinished: spec.runPolicy?.ttlSecondsAfterFinished,
      workersReadySeconds: spec.runPolicy?.workersReadySeconds ?? 600,
      checkpointGraceSeconds: spec.runPolicy?.preemption?.checkpointGraceSeconds ?? 120,
    },
    reasons: fill.reasons,
  };
}

/** Checkpoints beside the result are written with the same credentials. */
function resolveCheckpoint(
  checkpoint: NonNullable<Training['checkpoint']>,
  output: FineTuneJobSpec['output'],
): ResolvedTraining['checkpoint'] {
  const beside = checkpoint.uri === undefined;
  const secretRef = checkpoint.secretRef ?? (beside ? output.secretRef : undefined);
  return {
    everySteps: checkpoint.everySteps ?? 0,
    keep: checkpoint.keep ?? 2,
    resume: checkpoint.resume ?? 'own',
    uri: checkpoint.uri ?? `${output.uri.replace(/\/+$/, '')}-checkpoints`,
    ...(secretRef === undefined ? {} : { secretRef }),
  };
}

function resolveWorkers(workers: Workers): ResolvedWorkers {
  const min = workers.min ?? Math.min(1, workers.max ?? 1);
  return {
    min,
    max: Math.max(min, workers.max ?? min),
    gpusPerWorker: workers.gpusPerWorker ?? 1,
    replaceStragglers: workers.replaceStragglers ?? false,
    flavors: workers.flavors,
    topology: workers.topology,
  };
}

const LEARNING_RATES: Record<ResolvedMethod['type'], readonly [number, string]> = {
  lora: [2e-4, 'LoRA bears about ten times the learning rate of full fine-tuning'],
  qlora: [2e-4, 'the rate that QLoRA was published with for models up to 13B'],
  ptuning: [1e-3, 'few parameters in front of a frozen model need a high rate'],
  'ptuning-v2': [5e-3, 'few parameters in front of a frozen model need a high rate'],
  prompt: [1e-2, 'few parameters in front of a frozen model need a high rate'],
  full: [2e-5, 'a low rate keeps what the model knows'],
};

/** Methods that train weights inside the model, for which its width matters. */
const SCALED: ReadonlySet<ResolvedMethod['type']> = new Set(['lora', 'qlora', 'full']);

interface TrainingNeeds {
  readonly method: ResolvedMethod['type'];
  readonly output: FineTuneJobSpec['output'];
  readonly facts: ResolveFacts;
}

function resolveTraining(
  training: Training,
  { method, output, facts }: TrainingNeeds,
  fill: Filler,
): ResolvedTraining {
  const [published, reason] = LEARNING_RATES[method];
  const [learningRate, why] = SCALED.has(method)
    ? rateForWidth(published, reason, facts)
    : [published, reason];
  const batchSize = resolveBatchSize(training, facts, fill);
  const duration = resolveDuration(training, { ...facts, batchSize }, fill);
  return {
    ...duration,
    batchSize,
    microBatchSize: fill.pick(
      'training.microBatchSize',
      training.microBatchSize,
      largestDivisor(batchSize, 4),
      'the largest divisor of batchSize up to 4, so that workers can share a batch',
    ),
    learningRate: fill.pick('training.learningRate', training.learningRate, learningRate, why),
    scheduler: fill.pick('training.scheduler', training.scheduler, 'cosine', 'ends with small steps'),
    warmupRatio: fill.pick(
      'training.warmupRatio',
      training.warmupRatio,
      0.03,
      'AdamW needs a few steps to estimate its moments',
    ),
    weightDecay: training.weightDecay ?? 0,
    maxGradNorm: fill.pick(
      'training.maxGradNorm',
      training.maxGradNorm,
      1,
      'one bad batch cannot throw the training off',
    ),
    precision: fill.pick('training.precision', training.precision, 'fp32', 'works on every backend'),
    seed: training.seed ?? 42,
    evalEverySteps: training.evalEverySteps ?? 0,
    earlyStopping: {
      metric: training.earlyStopping?.metric ?? 'evalLoss',
      patience: training.earlyStopping?.patience ?? 0,
      minDelta: training.earlyStopping?.minDelta ?? 0,
    },
    checkpoint: resolveCheckpoint(training.checkpoint ?? {}, output),
    beta1: training.beta1 ?? 0.9,
    beta2: training.beta2 ?? 0.999,
    epsilon: training.epsilon ?? 1e-8,
    gradientCheckpointing: training.gradientCheckpointing ?? false,
    gradientCompression: training.gradientCompression ?? 'none',
    verifyEverySteps: training.verifyEverySteps ?? 0,
  };
}

function largestDivisor(value: number, limit: number): number {
  for (let divisor = Math.min(limit, value); divisor > 1; divisor--)
    if (value % divisor === 0) return divisor;
  return 1;
}

function resolveDataset(dataset: Dataset, metrics: readonly string[], fill: Filler): ResolvedDataset {
  return {
    sources: dataset.sources.map((source) => ({
      uri: source.uri,
      format: source.format ?? 'auto',
      weight: source.weight ?? 1,
      split: source.split,
      columns: source.columns,
      ...(source.sheet === undefined ? {} : { sheet: source.sheet }),
      ...(source.secretRef === undefined ? {} : { secretRef: source.secretRef }),
    })),
    split: resolveSplit(
      dataset.split ?? {},
      {
        namedSplits: new Set(dataset.sources.flatMap(({ split }) => split ?? [])),
        // Every metric is measured on the test split.
        wantsTest: metrics.length > 0,
      },
      fill,
    ),
    template: dataset.template ?? 'auto',
    encoding: dataset.encoding ?? 'auto',
    maxLength: fill.pick('dataset.maxLength', dataset.maxLength, 1024, 'holds most instructions and answers'),
    packing: dataset.packing ?? false,
    trainOnPrompt: dataset.trainOnPrompt ?? false,
    clean: {
      dedupe: dataset.clean?.dedupe ?? true,
      minTokens: dataset.clean?.minTokens ?? 1,
      maxTokens: dataset.clean?.maxTokens ?? 0,
    },
  };
}

interface SplitNeeds {
  /** Splits that sources declare as a whole. */
  readonly namedSplits: ReadonlySet<string>;
  /** A metric is measured on rows that nothing was chosen by. */
  readonly wantsTest: boolean;
}

function resolveSplit(
  split: NonNullable<Dataset['split']>,
  { namedSplits, wantsTest }: SplitNeeds,
  fill: Filler,
): ResolvedDataset['split'] {
  const seed = split.seed ?? 42;
  const { train, validation, test } = split;
  const holdsBack = wantsTest && !namedSplits.has('test');
  if (train === undefined && validation === undefined && test === undefined) {
    const [shares, why] = defaultSplit(namedSplits.size > 0, holdsBack);
    return { ...shares, train: fill.pick('dataset.split', undefined, shares.train, why), seed };
  }
  const left = () => Math.max(0, round(1 - (train ?? 0) - (validation ?? 0) - (test ?? 0)));
  if (train === undefined) return { train: left(), validation: validation ?? 0, test: test ?? 0, seed };
  if (validation === undefined && test === undefined && holdsBack) {
    const half = round(left() / 2);
    return { train, validation: half, test: round(left() - half), seed };
  }
  if (validation === undefined) return { train, validation: left(), test: test ?? 0, seed };
  return { train, validation, test: test ?? left(), seed };
}

function defaultSplit(
  sourcesNameSplits: boolean,
  holdsBack: boolean,
): readonly [Omit<ResolvedDataset['split'], 'seed'>, string] {
  if (sourcesNameSplits && holdsBack)
    return [
      { train: 0.9, validation: 0, test: 0.1 },
      'the sources name no test split; a tenth of those that name none is held back for evaluation.metrics',
    ];
  if (sourcesNameSplits)
    return [{ train: 1, validation: 0, test: 0 }, 'the sources name their splits; the others are trained on'];
  if (holdsBack)
    return [
      { train: 0.8, validation: 0.1, test: 0.1 },
      'a tenth is held back to see the loss on unseen examples, and a tenth for evaluation.metrics',
    ];
  return [
    { train: 0.9, validation: 0.1, test: 0 },
    'a tenth is held back to see the loss on unseen examples',
  ];
}

/** Takes away the noise of binary fractions: 1 - 0.9 is 0.1. */
const round = (value: number) => Math.round(value * 1e9) / 1e9;
