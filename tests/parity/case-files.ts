import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TokenBatch } from '@tuneyard/trainer/model';

/** One micro-batch as batches.json holds it. */
interface StoredBatch {
  readonly input_ids: readonly (readonly number[])[];
  readonly attention_mask: readonly (readonly number[])[];
  readonly labels: readonly (readonly number[])[];
}

/** case.json: what was trained, and how. */
export interface CaseDescription {
  readonly base: string;
  /** The adapter's configuration; absent for full fine-tuning. */
  readonly peft?: Readonly<Record<string, unknown>> | null;
  readonly hyperparameters: {
    readonly learningRate: number;
    readonly beta1: number;
    readonly beta2: number;
    readonly eps: number;
    readonly weightDecay: number;
    readonly maxGradNorm: number;
    readonly scheduler: string;
    readonly warmupSteps: number;
    readonly totalSteps: number;
  };
}

/** expected.json: what the reference made of it, step by step. */
export interface ExpectedRun {
  readonly losses: readonly number[];
  readonly gradNorms: readonly number[];
  readonly learningRates: readonly number[];
  readonly trainedTokens: readonly number[];
  readonly evalLossBefore: number;
  readonly evalLossAfter: number;
  readonly trainableParameters: number;
}

export interface ParityCase {
  readonly name: string;
  readonly folder: string;
  readonly description: CaseDescription;
  readonly expected: ExpectedRun;
  /** Micro-batches of each optimizer step. */
  readonly steps: readonly (readonly TokenBatch[])[];
  readonly evaluation: readonly TokenBatch[];
}

/** Names of the cases of a folder: those of its index.json, or every subfolder that holds a case. */
export function caseNames(folder: string): string[] {
  if (existsSync(join(folder, 'index.json'))) {
    const names: string[] = JSON.parse(text(folder, 'index.json'));
    return names;
  }
  const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'case.json')));
  return names.sort();
}

export function readCase(folder: string, name: string): ParityCase {
  const place = join(folder, name);
  const batches: { steps: StoredBatch[][]; eval: StoredBatch[] } = JSON.parse(text(place, 'batches.json'));
  const description: CaseDescription = JSON.parse(text(place, 'case.json'));
  const expected: ExpectedRun = JSON.parse(text(place, 'expected.json'));
  return {
    name,
    folder: place,
    description,
    expected,
    steps: batches.steps.map((step) => step.map(toBatch)),
    evaluation: batches.eval.map(toBatch),
  };
}

function toBatch({ input_ids: ids, attention_mask: mask, labels }: StoredBatch): TokenBatch {
  return {
    batch: ids.length,
    length: ids[0]?.length ?? 0,
    inputIds: Int32Array.from(ids.flat()),
    labels: Int32Array.from(labels.flat()),
    positionIds: Int32Array.from(ids.flatMap((row) => row.map((_, position) => position))),
    segmentIds: Int32Array.from(mask.flat()),
  };
}

function text(folder: string, name: string): string {
  return readFileSync(join(folder, name), 'utf8');
}
