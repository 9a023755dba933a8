import type { MethodConfig, TrainingConfig } from '@tuneyard/proto';
import { estimateMemory, type MemoryEstimate } from '@tuneyard/proto/memory';
import type { ModelConfig } from '../model/index.js';
import type { BytesByPart } from './heap-meter.js';
import { totalBytes, type MeasuredPass } from './pass-recorder.js';
import { workloadOf } from './workload-of.js';

/** Estimated and measured peak of one worker, in bytes. */
export interface MemoryReport {
  readonly backend: string;
  /** The largest micro-batch that was trained: sequences, and tokens of each. */
  readonly batch: number;
  readonly length: number;
  readonly gradientCheckpointing: boolean;
  readonly trainedValues: number;
  readonly estimated: BytesByPart & { readonly total: number; readonly moment: string };
  readonly measured: BytesByPart & { readonly total: number };
  /** Estimated total for a whole micro-batch of sequences of the longest length that the job allows. */
  readonly estimatedAtMaxLength: number;
}

export interface ReportedJob {
  readonly backend: string;
  readonly model: ModelConfig;
  readonly method: MethodConfig;
  readonly training: TrainingConfig;
  /** Tokens. */
  readonly maxLength: number;
}

/** Undefined for a method that the estimator does not know. */
export function memoryReport(job: ReportedJob, measured: MeasuredPass): MemoryReport | undefined {
  const estimateFor = (batch: number, length: number): MemoryEstimate | undefined => {
    const workload = workloadOf(job.model, job.method, job.training, { batch, length });
    return workload && estimateMemory(workload);
  };
  const estimate = estimateFor(measured.batch, measured.length);
  const longest = estimateFor(job.training.microBatchSize, job.maxLength);
  if (!estimate || !longest) return undefined;
  return {
    backend: job.backend,
    batch: measured.batch,
    length: measured.length,
    gradientCheckpointing: job.training.gradientCheckpointing,
    trainedValues: estimate.trainedValues,
    estimated: { ...estimate.parts, total: estimate.total, moment: estimate.moment },
    measured: { ...measured.parts, total: totalBytes(measured.parts) },
    estimatedAtMaxLength: longest.total,
  };
}
