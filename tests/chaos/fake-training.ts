import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import { Finished_Outcome } from '@tuneyard/proto';
import type { Group, Scalars, StateHolder } from '@tuneyard/trainer/collective';

/** Training without a model: what a unit yields depends on its step, its index and the parameters, and on nothing else. */
export interface FakeTraining {
  readonly totalSteps: number;
  readonly count: number;
  readonly length: number;
  /** Time a unit takes. */
  readonly unitMs: number;
  /** An evaluation of this many units after every such step; 0 = never. */
  readonly evaluateEvery: number;
  /** Cross-check of computed bits every so many steps; absent = never. */
  readonly verifyEverySteps?: number;
  /** A worker whose gradients are not what they should be. */
  readonly flaw?: Flaw;
  /** Time a unit takes on some workers, in place of `unitMs`. */
  readonly unitMsOf?: Readonly<Record<string, number>>;
}

export interface Flaw {
  readonly memberId: string;
  readonly fromStep: number;
  /** `persistent`: all units. `passing`: each unit when it is computed for the first time. */
  readonly kind: 'persistent' | 'passing';
}

/** Parameters and a moment: 2 x length values of f32, moved by every step in a way that never forgets a bit. */
export class FakeState implements StateHolder {
  step = 0;
  values: Float32Array;

  constructor(private readonly length: number) {
    this.values = Float32Array.from({ length: 2 * length }, (_, at) => Math.sin(at));
  }

  committedStep(): number {
    return this.step;
  }

  exportState(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(this.values.slice().buffer));
  }

  importState(step: number, state: Uint8Array): Promise<void> {
    this.step = step;
    this.values = new Float32Array(state.slice().buffer);
    return Promise.resolve();
  }

  update(gradient: Float32Array): void {
    const { values, length } = this;
    for (let at = 0; at < length; at++) {
      const moment = 0.9 * (values[length + at] ?? 0) + (gradient[at] ?? 0);
      values[length + at] = moment;
      values[at] = (values[at] ?? 0) - 0.001 * moment;
    }
    this.step += 1;
  }

  digest(): string {
    return createHash('sha256').update(new Uint8Array(this.values.buffer)).digest('hex');
  }
}

export interface FakeOutcome {
  readonly digest: string;
  readonly step: number;
  readonly lossSum: number;
  readonly stopped: boolean;
}

/** The loop of a worker, reduced to what a group sees of it. */
export async function trainFake(
  group: Group,
  training: FakeTraining,
  events: {
    readonly onCommit?: (step: number, digest: string) => void;
    readonly onCompute?: (step: number, unit: number) => void;
  } = {},
): Promise<FakeOutcome> {
  const state = new FakeState(training.length);
  await group.connect();
  await group.join(state, training.totalSteps);
  let lossSum = 0;
  let evaluated = 0;
  const { flaw, verifyEverySteps: every = 0 } = training;
  const unitMs = training.unitMsOf?.[group.memberId] ?? training.unitMs;
  const computed = new Set<string>();
  const compute =
    (step: number, phase: number) =>
    async (unit: number, out: Float32Array): Promise<Scalars> => {
      events.onCompute?.(step, unit);
      if (unitMs > 0) await delay(unitMs);
      for (let at = 0; at < out.length; at++)
        out[at] = Math.sin(step * 13 + unit * 7 + at) * 10 ** ((unit * 5 + at) % 7) + (state.values[at] ?? 0);
      if (flaw?.memberId === group.memberId && phase === 1 && step >= flaw.fromStep) {
        const name = `${step}/${unit}`;
        if (flaw.kind === 'persistent' || !computed.has(name)) flipBit(out, unit);
        computed.add(name);
      }
      return { lossSum: Math.sin(step + unit * phase) * 10 ** (unit % 5), trainedTokens: unit + 1 };
    };
  while (group.stopRequested() === undefined) {
    const due = training.evaluateEvery > 0 && state.step % training.evaluateEvery === 0;
    if (due && state.step > evaluated) {
      const result = await group.sum({
        step: state.step,
        phase: 'evaluation',
        count: 5,
        vectorLength: 0,
        compute: compute(state.step, 2),
      });
      if (result.kind === 'over') break;
      if (result.kind === 'caught-up') continue;
      evaluated = state.step;
      lossSum = result.scalars.lossSum;
    }
    if (state.step >= training.totalSteps) break;
    const step = state.step + 1;
    const result = await group.sum({
      step,
      phase: 'gradient',
      count: training.count,
      vectorLength: training.length,
      ...(every > 0 && step % every === 0 ? { verification: step / every - 1 } : {}),
      compute: compute(step, 1),
    });
    if (result.kind === 'over') break;
    if (result.kind === 'caught-up') continue;
    state.update(result.vector);
    events.onCommit?.(state.step, state.digest());
    if (group.rank === 0)
      group.reportProgress({
        step: state.step,
        totalSteps: training.totalSteps,
        epoch: 0,
        trainLoss: result.scalars.lossSum,
        gradientNorm: 0,
        learningRate: 0,
        tokensPerSecond: 0,
        stepSeconds: result.timings.reduceSeconds,
        tokens: 0,
        estimatedSecondsLeft: 0,
      });
  }
  const stopped = group.stopRequested() !== undefined;
  const leads = stopped ? group.rank === 0 : (await group.awaitCompletion()) === 'leader';
  const digest = state.digest();
  await group.finish({
    step: state.step,
    outcome: stopped ? Finished_Outcome.OUTCOME_STOPPED : Finished_Outcome.OUTCOME_COMPLETE,
    reason: '',
    message: '',
    artifacts: leads ? [{ format: 'fake', uri: '', digest, bytes: 0 }] : [],
    metrics: [],
    timeShares: undefined,
  });
  return { digest, step: state.step, lossSum, stopped };
}

/** The lowest bit of one value: as little as can be wrong. */
function flipBit(values: Float32Array, at: number): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  bits[at % bits.length] = (bits[at % bits.length] ?? 0) ^ 1;
}
