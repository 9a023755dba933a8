import type { Dataset } from './dataset.js';
import type { FineTuneJobSpec } from './fine-tune-job.js';
import type { Method, MethodType } from './method.js';
import type { Training } from './training.js';
import type { Workers } from './workers.js';

type Filled<T> = T extends readonly (infer E)[]
  ? readonly Filled<E>[]
  : T extends object
    ? { readonly [K in keyof T]-?: Filled<Exclude<T[K], undefined>> }
    : T;

/** Why a field that the user left out has its value. */
export interface FilledField {
  /** Path under spec, such as training.learningRate. */
  readonly field: string;
  readonly reason: string;
}

type Lora = Filled<Omit<NonNullable<Method['lora']>, 'initFrom'>> & { readonly initFrom?: string };
export type ResolvedMethod =
  | { readonly type: 'lora' | 'qlora'; readonly lora: Lora }
  | { readonly type: 'ptuning'; readonly ptuning: Filled<NonNullable<Method['ptuning']>> }
  | { readonly type: 'ptuning-v2'; readonly prefix: Filled<NonNullable<Method['prefix']>> }
  | {
      readonly type: 'prompt';
      readonly prompt: Filled<Omit<NonNullable<Method['prompt']>, 'initText'>> & {
        readonly initText?: string;
      };
    }
  | { readonly type: 'full' };
export type ResolvedTraining = Filled<Omit<Training, 'epochs' | 'steps'>> &
  ({ readonly epochs: number } | { readonly steps: number });
type Source = Dataset['sources'][number];
export type ResolvedDataset = Omit<Filled<Dataset>, 'sources'> & {
  readonly sources: readonly (Filled<Omit<Source, 'split' | 'columns'>> &
    Pick<Source, 'split' | 'columns'>)[];
};
export type ResolvedWorkers = Pick<Filled<Workers>, 'min' | 'max' | 'gpusPerWorker'> &
  Pick<Workers, 'flavors' | 'topology'>;

/** A spec in which nothing is left to guess. */
export interface ResolvedSpec {
  readonly model: FineTuneJobSpec['model'];
  readonly method: ResolvedMethod;
  readonly dataset: ResolvedDataset;
  readonly training: ResolvedTraining;
  readonly workers: ResolvedWorkers;
  readonly evaluation: Filled<NonNullable<FineTuneJobSpec['evaluation']>>;
  readonly output: Filled<FineTuneJobSpec['output']>;
  readonly runPolicy: {
    readonly backoffLimit: number;
    readonly activeDeadlineSeconds?: number | undefined;
    readonly ttlSecondsAfterFinished?: number | undefined;
    readonly workersReadySeconds: number;
    readonly checkpointGraceSeconds: number;
  };
  /** One entry for each field that the user left out and that matters for the result. */
  readonly reasons: readonly FilledField[];
}

/** Takes what the user gave, else the default, and notes why. */
class Filler {
  readonly reasons: FilledField[] = [];

  pick<T>(field: string, given: T | undefined, fallback: T, reason: string): T {
    if (given !== undefined) return given;
    this.reasons.push({ field, reason });
    return fallback;
  }
}

/** Fills in every field that the user left out. Pure: the same spec always gives the same result. */
export function resolveSpec(spec: FineTuneJobSpec): ResolvedSpec {
  const fill = new Filler();
  const method = resolveMethod(spec.method ?? {}, fill);
  const workers = resolveWorkers(spec.workers ?? {});
  return {
    model: spec.model,
    method,
    dataset: resolveDataset(spec.dataset, fill),
    training: resolveTraining(spec.training ?? {}, method.type, spec.output.uri, fill),
    workers,
    evaluation: {
      metrics: spec.evaluation?.metrics ?? [],
      maxNewTokens: spec.evaluation?.maxNewTokens ?? 128,
    },
    output: { uri: spec.output.uri, formats: spec.output.formats ?? ['peft'] },
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

function resolveWorkers(workers: Workers): ResolvedWorkers {
  const min = workers.min ?? Math.min(1, workers.max ?? 1);
  return {
    min,
    max: workers.max ?? min,
    gpusPerWorker: workers.gpusPerWorker ?? 1,
    flavors: workers.flavors,
    topology: workers.topology,
  };
}

function resolveMethod(method: Method, fill: Filler): ResolvedMethod {
  const asked = method.type === 'auto' ? undefined : method.type;
  const type: Exclude<MethodType, 'auto'> = fill.pick(
    'method.type',
    asked,
    'lora',
    'LoRA reaches the quality of full fine-tuning on most tasks, is small, and loads in PEFT and vLLM',
  );
  switch (type) {
    case 'lora':
    case 'qlora': {
      const lora = method.lora ?? {};
      const rank = fill.pick(
        'method.lora.rank',
        lora.rank,
        16,
        'enough capacity for a domain or a style; a few MB per billion parameters',
      );
      return {
        type,
        lora: {
          rank,
          alpha: fill.pick(
            'method.lora.alpha',
            lora.alpha,
            2 * rank,
            'twice the rank: the update is scaled by 2',
          ),
          dropout: fill.pick(
            'method.lora.dropout',
            lora.dropout,
            0,
            'off: rarely helps with few epochs, and costs speed',
          ),
          targetModules: fill.pick(
            'method.lora.targetModules',
            lora.targetModules,
            ['all-linear'],
            'adapting attention and MLP layers is better than attention alone at the same size',
          ),
          variant: fill.pick('method.lora.variant', lora.variant, 'standard', 'loads everywhere'),
          init: lora.init ?? 'kaiming',
          ...(lora.initFrom === undefined ? {} : { initFrom: lora.initFrom }),
          loraPlusRatio: lora.loraPlusRatio ?? 1,
        },
      };
    }
    case 'ptuning': {
      const ptuning = method.ptuning ?? {};
      return {
        type,
        ptuning: {
          virtualTokens: fill.pick(
            'method.ptuning.virtualTokens',
            ptuning.virtualTokens,
            20,
            'the usual length of a soft prompt',
          ),
          encoder: fill.pick(
            'method.ptuning.encoder',
            ptuning.encoder,
            'mlp',
            'trains more steadily than the LSTM',
          ),
          hiddenSize: ptuning.hiddenSize ?? 0,
          encoderLayers: ptuning.encoderLayers ?? 2,
          encoderDropout: ptuning.encoderDropout ?? 0,
        },
      };
    }
    case 'ptuning-v2': {
      const prefix = method.prefix ?? {};
      return {
        type,
        prefix: {
          virtualTokens: fill.pick(
            'method.prefix.virtualTokens',
            prefix.virtualTokens,
            20,
            'the usual length of a prefix',
          ),
          projection: fill.pick(
            'method.prefix.projection',
            prefix.projection,
            false,
            'learning the prefix directly needs the fewest parameters',
          ),
          hiddenSize: prefix.hiddenSize ?? 0,
        },
      };
    }
    case 'prompt': {
      const prompt = method.prompt ?? {};
      return {
        type,
        prompt: {
          virtualTokens: fill.pick(
            'method.prompt.virtualTokens',
            prompt.virtualTokens,
            20,
            'the usual length of a soft prompt',
          ),
          init: fill.pick(
            'method.prompt.init',
            prompt.init,
            'vocabulary',
            'starting from real words converges faster than from noise',
          ),
          ...(prompt.initText === undefined ? {} : { initText: prompt.initText }),
        },
      };
    }
    default:
      return { type };
  }
}

const LEARNING_RATES: Record<ResolvedMethod['type'], readonly [number, string]> = {
  lora: [2e-4, 'LoRA bears about ten times the learning rate of full fine-tuning'],
  qlora: [2e-4, 'the rate that QLoRA was published with for models up to 13B'],
  ptuning: [1e-3, 'few parameters in front of a frozen model need a high rate'],
  'ptuning-v2': [5e-3, 'few parameters in front of a frozen model need a high rate'],
  prompt: [1e-2, 'few parameters in front of a frozen model need a high rate'],
  full: [2e-5, 'a low rate keeps what the model knows'],
};

function resolveTraining(
  training: Training,
  method: ResolvedMethod['type'],
  output: string,
  fill: Filler,
): ResolvedTraining {
  const [learningRate, why] = LEARNING_RATES[method];
  const batchSize = fill.pick(
    'training.batchSize',
    training.batchSize,
    training.microBatchSize === undefined
      ? 16
      : Math.ceil(16 / training.microBatchSize) * training.microBatchSize,
    'a steady gradient at little cost in steps',
  );
  const duration =
    training.steps === undefined
      ? {
          epochs: fill.pick(
            'training.epochs',
            training.epochs,
            3,
            'three passes learn a small data set without repeating it too often',
          ),
        }
      : { steps: training.steps };
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
    checkpoint: {
      everySteps: training.checkpoint?.everySteps ?? 0,
      keep: training.checkpoint?.keep ?? 2,
      uri: training.checkpoint?.uri ?? `${output.replace(/\/+$/, '')}/checkpoints`,
    },
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

function resolveDataset(dataset: Dataset, fill: Filler): ResolvedDataset {
  return {
    sources: dataset.sources.map((source) => ({
      uri: source.uri,
      format: source.format ?? 'auto',
      weight: source.weight ?? 1,
      split: source.split,
      columns: source.columns,
    })),
    split: resolveSplit(
      dataset.split ?? {},
      dataset.sources.some(({ split }) => split !== undefined),
      fill,
    ),
    template: dataset.template ?? 'auto',
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

function resolveSplit(
  split: NonNullable<Dataset['split']>,
  sourcesNameSplits: boolean,
  fill: Filler,
): ResolvedDataset['split'] {
  const seed = split.seed ?? 42;
  const { train, validation, test } = split;
  if (train === undefined && validation === undefined && test === undefined) {
    return sourcesNameSplits
      ? {
          train: fill.pick(
            'dataset.split',
            undefined,
            1,
            'the sources name their splits; the others are trained on',
          ),
          validation: 0,
          test: 0,
          seed,
        }
      : {
          train: fill.pick(
            'dataset.split',
            undefined,
            0.9,
            'a tenth is held back to see the loss on unseen examples',
          ),
          validation: 0.1,
          test: 0,
          seed,
        };
  }
  const left = () => Math.max(0, round(1 - (train ?? 0) - (validation ?? 0) - (test ?? 0)));
  if (train === undefined) return { train: left(), validation: validation ?? 0, test: test ?? 0, seed };
  if (validation === undefined) return { train, validation: left(), test: test ?? 0, seed };
  return { train, validation, test: test ?? left(), seed };
}

/** Takes away the noise of binary fractions: 1 - 0.9 is 0.1. */
const round = (value: number) => Math.round(value * 1e9) / 1e9;
