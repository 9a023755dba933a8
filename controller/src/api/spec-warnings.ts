import type { FineTuneJobSpec } from './fine-tune-job.js';
import type { ResolvedSpec } from './resolved-spec.js';

/** What is allowed and yet is hardly what was meant, one sentence each. Pure. */
export function specWarnings(spec: ResolvedSpec, goal: FineTuneJobSpec['goal']): string[] {
  return [
    ...methodWarnings(spec, goal),
    ...workerWarnings(spec),
    ...trainingWarnings(spec),
    ...splitWarnings(spec),
  ];
}

const PROMPT_METHODS: readonly string[] = ['prompt', 'ptuning', 'ptuning-v2'];

function methodWarnings({ method }: ResolvedSpec, goal: FineTuneJobSpec['goal']): string[] {
  if (!PROMPT_METHODS.includes(method.type) || (goal !== 'knowledge' && goal !== 'reasoning')) return [];
  return [
    `spec.method.type: ${method.type} leaves every weight as it is and hardly teaches ${goal}: use lora, or qlora where memory is short`,
  ];
}

function workerWarnings({ workers, training }: ResolvedSpec): string[] {
  const { batchSize, microBatchSize } = training;
  const shares = batchSize / microBatchSize;
  if (workers.max <= shares) return [];
  return [
    `spec.workers.max: of ${workers.max} workers ${workers.max - shares} have nothing to do, because a step has ${shares} micro-batches ` +
      '(batchSize / microBatchSize): raise batchSize or lower microBatchSize',
  ];
}

function trainingWarnings({ training }: ResolvedSpec): string[] {
  const warnings: string[] = [];
  if (training.checkpoint.everySteps === 0)
    warnings.push(
      'spec.training.checkpoint.everySteps: is 0, so checkpoints are written only when the job gives its GPUs back; should all workers fail at once, training starts anew',
    );
  return warnings;
}

function splitWarnings({ dataset, training, evaluation }: ResolvedSpec): string[] {
  const has = (name: 'validation' | 'test') =>
    dataset.sources.some(({ split }) => split === name) ||
    (dataset.split[name] > 0 && dataset.sources.some(({ split }) => split === undefined));
  return [
    ...(training.earlyStopping.patience > 0 && !has('validation')
      ? ['spec.training.earlyStopping: never acts, because no examples are held back for validation']
      : []),
    ...(evaluation.metrics.length > 0 && !has('test')
      ? ['spec.evaluation.metrics: nothing is measured, because no examples are held back for the test split']
      : []),
  ];
}
