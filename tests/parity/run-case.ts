import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  copyTensors,
  Full,
  Lora,
  PEFT_PREFIX,
  PromptAdapter,
  readPeftConfig,
  type AdaptedModel,
} from '@tuneyard/trainer/adapter';
import { TensorEngine } from '@tuneyard/trainer/loop';
import { loadModel, openTrainableModel, SafetensorsFile, type TokenBatch } from '@tuneyard/trainer/model';
import { learningRateAt } from '@tuneyard/trainer/optim';
import { JsonFields } from '@tuneyard/trainer/support';
import type { ParityCase } from './case-files.js';
import { jointRelativeL2, largestRelative, relativeToPeak } from './errors-of.js';

/** Bars in float32. A correct trainer has room: the reference itself differs from float64 by 30 times less. */
export const BARS = { loss: 5e-6, gradientNorm: 5e-5, adapter: 2e-5, logits: 2e-5 } as const;

const MEASURES = ['loss', 'gradientNorm', 'adapter', 'logits'] as const;

export interface CaseResult {
  readonly name: string;
  /** Largest relative error over the steps and the evaluation before and after. */
  readonly loss: number;
  readonly gradientNorm: number;
  /** Relative L2 over all tensors of the result (and of the encoder, where there is one). */
  readonly adapter: number;
  /** Relative to the largest magnitude, the worse of before and after. */
  readonly logits: number;
  /** What else is wrong: token counts, learning rates, tensor names. */
  readonly complaints: readonly string[];
  readonly ok: boolean;
}

export interface RunOptions {
  readonly gradientCheckpointing: boolean;
}

/** Trains a case from its first state and compares every step and the result. The backend has been selected. */
export async function runCase(parityCase: ParityCase, options: RunOptions): Promise<CaseResult> {
  const { description, expected, steps, evaluation, folder, name } = parityCase;
  const { hyperparameters: hyper } = description;
  const engine = new TensorEngine(startingPoint(parityCase), {
    backend: '',
    optimizer: { beta1: hyper.beta1, beta2: hyper.beta2, epsilon: hyper.eps, weightDecay: hyper.weightDecay },
    gradientCheckpointing: options.gradientCheckpointing,
    seed: 0,
  });
  try {
    const golden = SafetensorsFile.open(join(folder, 'eval_logits.safetensors'));
    const lossBefore = await meanLoss(engine, evaluation);
    const logitsBefore = relativeToPeak(
      await allLogits(engine, evaluation),
      goldenLogits(golden, 'before', evaluation),
    );
    const run = await train(engine, steps, hyper);
    const lossAfter = await meanLoss(engine, evaluation);
    const logitsAfter = relativeToPeak(
      await allLogits(engine, evaluation),
      goldenLogits(golden, 'after', evaluation),
    );
    golden.close();

    const result = {
      name,
      loss: largestRelative(
        [lossBefore, ...run.losses, lossAfter],
        [expected.evalLossBefore, ...expected.losses, expected.evalLossAfter],
      ),
      gradientNorm: largestRelative(run.norms, expected.gradNorms),
      adapter: await resultError(engine, parityCase),
      logits: logitsBefore >= logitsAfter ? logitsBefore : logitsAfter,
    };
    const complaints = complaintsOf(engine, run, parityCase);
    const within = MEASURES.every((measure) => result[measure] <= BARS[measure]);
    return { ...result, complaints, ok: within && complaints.length === 0 };
  } finally {
    engine.dispose();
  }
}

/** The base model with the case's own first adapter. */
function startingPoint({ folder, description }: ParityCase): AdaptedModel {
  const base = resolve(folder, description.base);
  if (!description.peft) {
    const { model, source } = openTrainableModel(base, 0);
    const adapter = new Full(model, source);
    source.close();
    return { model, adapter };
  }
  const model = loadModel(base);
  const peft = readPeftConfig(new JsonFields(description.peft, join(folder, 'case.json')), model.config);
  const [file, prefix] =
    peft.kind === 'lora'
      ? [join(folder, 'adapter_init', 'adapter_model.safetensors'), PEFT_PREFIX]
      : [join(folder, 'encoder_init.safetensors'), ''];
  const adapter =
    peft.kind === 'lora' ? new Lora(model, peft.options, 0) : new PromptAdapter(model, peft.method, 0);
  const first = SafetensorsFile.open(file);
  copyTensors(first, adapter.parameters, prefix);
  first.close();
  return { model, adapter };
}

interface Run {
  readonly losses: number[];
  readonly norms: number[];
  readonly rates: number[];
  readonly tokens: number[];
}

async function train(
  engine: TensorEngine,
  steps: readonly (readonly TokenBatch[])[],
  hyper: ParityCase['description']['hyperparameters'],
): Promise<Run> {
  const run: Run = { losses: [], norms: [], rates: [], tokens: [] };
  const sum = new Float32Array(engine.parameterCount);
  const gradient = new Float32Array(engine.parameterCount);
  for (const [index, microBatches] of steps.entries()) {
    sum.fill(0);
    let lossSum = 0;
    let tokens = 0;
    for (const batch of microBatches) {
      const part = await engine.gradient(batch, index, gradient);
      for (let at = 0; at < sum.length; at++) sum[at] = (sum[at] ?? 0) + (gradient[at] ?? 0);
      lossSum += part.lossSum;
      tokens += part.trainedTokens;
    }
    const rate = learningRateAt(index, hyper);
    const update = {
      step: index + 1,
      learningRate: rate,
      gradientScale: 1 / tokens,
      maxGradNorm: hyper.maxGradNorm,
    };
    run.norms.push(await engine.update(sum, update));
    run.losses.push(lossSum / tokens);
    run.tokens.push(tokens);
    run.rates.push(rate);
  }
  return run;
}

async function meanLoss(engine: TensorEngine, batches: readonly TokenBatch[]): Promise<number> {
  let lossSum = 0;
  let tokens = 0;
  for (const batch of batches) {
    const part = await engine.loss(batch);
    lossSum += part.lossSum;
    tokens += part.trainedTokens;
  }
  return lossSum / tokens;
}

async function allLogits(engine: TensorEngine, batches: readonly TokenBatch[]): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  for (const batch of batches) parts.push(await engine.logits(batch));
  return joined(parts);
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((size, part) => size + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

/**
 * The reference's logits [batch, virtual tokens + length, vocabulary] without the rows of padding, whose values mean
 * nothing: no loss and no other row reads them.
 */
function goldenLogits(file: SafetensorsFile, name: string, batches: readonly TokenBatch[]): Float32Array {
  const [, length = 0, vocabulary = 0] = file.tensors.get(name)?.shape ?? [];
  const all = file.readFloat32(name);
  const kept: Float32Array[] = [];
  let row = 0;
  for (const { batch, length: tokens, segmentIds } of batches) {
    for (let sequence = 0; sequence < batch; sequence++) {
      for (let column = 0; column < length; column++, row++) {
        const token = column - (length - tokens);
        if (token >= 0 && segmentIds[sequence * tokens + token] === 0) continue;
        kept.push(all.subarray(row * vocabulary, (row + 1) * vocabulary));
      }
    }
  }
  return joined(kept);
}

/** Compares the files that the engine writes, and the encoder behind them, with the reference's. */
async function resultError(engine: TensorEngine, { folder, description }: ParityCase): Promise<number> {
  const written = mkdtempSync(join(tmpdir(), 'parity-'));
  try {
    await engine.save(written, { name: 'base' });
    const [ours, theirs] = description.peft
      ? ['adapter_model.safetensors', join('adapter_final', 'adapter_model.safetensors')]
      : ['model.safetensors', 'full_final.safetensors'];
    const result = compareFiles(join(written, ours), join(folder, theirs));
    const encoder = join(folder, 'encoder_final.safetensors');
    return existsSync(encoder) ? Math.max(result, compareEncoder(engine, encoder)) : result;
  } finally {
    rmSync(written, { recursive: true, force: true });
  }
}

function compareFiles(actualPath: string, expectedPath: string): number {
  const actual = SafetensorsFile.open(actualPath);
  const expected = SafetensorsFile.open(expectedPath);
  try {
    const names = [...expected.tensors.keys()];
    if ([...actual.tensors.keys()].sort().join() !== [...names].sort().join())
      return Number.POSITIVE_INFINITY;
    const shapes = (file: SafetensorsFile) =>
      names.map((name) => file.tensors.get(name)?.shape.join()).join(' ');
    if (shapes(actual) !== shapes(expected)) return Number.POSITIVE_INFINITY;
    return jointRelativeL2(
      names.map((name) => [actual.readFloat32(name), expected.readFloat32(name)] as const),
    );
  } finally {
    actual.close();
    expected.close();
  }
}

function compareEncoder(engine: TensorEngine, expectedPath: string): number {
  const expected = SafetensorsFile.open(expectedPath);
  try {
    return jointRelativeL2(
      engine.parameters.map(
        (slot) => [engine.parameter(slot.name), expected.readFloat32(slot.name)] as const,
      ),
    );
  } finally {
    expected.close();
  }
}

function complaintsOf(engine: TensorEngine, run: Run, { expected }: ParityCase): string[] {
  const complaints: string[] = [];
  if (run.tokens.join() !== expected.trainedTokens.join()) complaints.push('trained tokens differ');
  if (largestRelative(run.rates, expected.learningRates) > 1e-12) complaints.push('learning rates differ');
  if (engine.parameterCount !== expected.trainableParameters) {
    complaints.push(
      `${engine.parameterCount} trainable parameters instead of ${expected.trainableParameters}`,
    );
  }
  return complaints;
}
