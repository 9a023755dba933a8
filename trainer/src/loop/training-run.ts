import type { Artifact, Finished, Finished_Outcome, Metric, Progress, ResumedFrom } from '@tuneyard/proto';
import { DivergedError } from '../errors.js';
import type { Group, SharedResult, StateHolder } from '../collective/group.js';
import type { Observer } from '../observe/observer.js';
import { learningRateAt, warmupStepsOf, type Schedule } from '../optim/index.js';
import { below, openDestination, type SourceContext, type Writer } from '../storage/index.js';
import { reasonOfMissing, writeCheckpoint, type CheckpointPlace } from './checkpoints.js';
import type { Compute, LoadedJob } from './compute.js';
import { baseTest, NOT_TESTED, tunedTest, type HeldOutTest, type TestFigures } from './held-out-tests.js';
import { recordEvaluation } from './early-stopping.js';
import { addToQuarters } from './loss-quarters.js';
import { measuredMetrics } from './measured-metrics.js';
import { recordTrainLoss, watchForRisingLoss } from './rising-loss.js';
import { INITIAL_RUN_STATE, packState, unpackState, type RunState } from './run-state.js';
import { startingState } from './starting-state.js';
import { StepClock } from './step-clock.js';
import { summarizeRun } from './summarize-run.js';
import { TimeTotals } from './time-shares.js';
import type { CompleteConfig } from './train.js';

/** Non-finite steps in a row after which the run is given up. */
const MAX_SKIPPED_IN_A_ROW = 3;
const NO_IMAGE = new Uint8Array(0);

/**
 * The state of one training run on one worker, and the shared works that move it on. Towards the group, the test of the
 * tuned model counts as one more step after the last, so that one number tells who is behind.
 */
export class TrainingRun implements StateHolder {
  private run: RunState = INITIAL_RUN_STATE;
  private bestImage: Uint8Array = NO_IMAGE;
  private progress: Progress | undefined;
  private finishedByPeer: Finished_Outcome | undefined;
  private readonly times = new TimeTotals();
  private readonly clock: StepClock;
  private readonly schedule: Schedule;

  constructor(
    private readonly config: CompleteConfig,
    /** Whose run it is. */
    private readonly owner: Writer | undefined,
    private readonly job: Omit<LoadedJob, 'warnings'>,
    private readonly group: Group,
    private readonly compute: Compute,
    private readonly observer: Observer,
    private readonly storage: SourceContext,
    private readonly now: () => number,
  ) {
    this.clock = new StepClock(now);
    this.schedule = scheduleOf(config.training, job.totalSteps);
  }

  /** A peer has delivered the result of the job; nothing is left to do here. Undefined before that. */
  get over(): Finished_Outcome | undefined {
    return this.finishedByPeer;
  }

  /** No step is left to take. */
  get trained(): boolean {
    return !this.evaluationDue && (this.run.stoppedEarly || this.run.step >= this.job.totalSteps);
  }

  /** The validation loss is to be measured before the next step. */
  get evaluationDue(): boolean {
    const { step, evaluatedStep } = this.run;
    if (step === 0 || step === evaluatedStep || this.job.validationBatches === 0) return false;
    const every = this.config.training.evalEverySteps || this.job.stepsPerEpoch;
    return step % every === 0 || step >= this.job.totalSteps;
  }

  committedStep(): number {
    const { step, tunedTested } = this.run;
    return step + (tunedTested ? 2 : this.trained ? 1 : 0);
  }

  async exportState(): Promise<Uint8Array> {
    return packState({
      run: this.run,
      image: await this.compute.exportState(),
      bestImage: this.bestImage,
    });
  }

  async importState(_step: number, state: Uint8Array): Promise<void> {
    const { run, image, bestImage } = await unpackState(state);
    await this.compute.importState(image);
    this.run = run;
    this.bestImage = bestImage;
    this.clock.restart();
  }

  /**
   * Goes on from the newest usable checkpoint of this run, if there is one and the run may.
   * @returns undefined when training begins anew
   */
  async resume(): Promise<ResumedFrom | undefined> {
    const place = this.checkpointPlace;
    if (place === undefined) return undefined;
    const { uri: root = '', resume = '' } = this.config.training.checkpoint ?? {};
    const { fingerprint, settings } = this.job;
    const warn = (message: string): void => this.observer.warn(message);
    const { owner } = this;
    const found = await startingState({ place, root, fingerprint, settings, resume, owner, warn });
    if (!found) return undefined;
    await this.compute.importState(found.image);
    this.run = found.run;
    this.bestImage = found.bestImage;
    const from: ResumedFrom = { step: found.run.step, uri: found.uri, job: found.writer };
    this.observer.resumed(from.step, from);
    return from;
  }

  /** One optimizer step over one global batch. */
  async step(): Promise<void> {
    const step = this.run.step + 1;
    const { gradientCompression, seed, maxGradNorm } = this.config.training;
    const result = await this.group.sum({
      step,
      phase: 'gradient',
      ...(gradientCompression === 'bf16' ? { rounding: { seed } } : {}),
      count: this.job.microBatchesPerStep,
      vectorLength: this.job.parameterCount,
      verification: this.verification(step),
      compute: (index, out) => this.compute.gradient(step, index, out),
    });
    if (result.kind !== 'sum') return this.moved(result);
    const { scalars, vector } = result;
    const summed = this.clock.sinceLap;
    const loss = scalars.lossSum / Math.max(1, scalars.trainedTokens);
    const learningRate = this.learningRate(step);
    const norm = Number.isFinite(loss)
      ? await this.compute.update(vector, {
          step: step - this.run.skippedSteps,
          learningRate,
          gradientScale: 1 / Math.max(1, scalars.trainedTokens),
          maxGradNorm,
        })
      : NaN;
    const finite = Number.isFinite(norm);
    const gradientNorm = finite ? norm : NaN;
    const timings = {
      ...result.timings,
      updateSeconds: this.clock.sinceLap - summed,
      dataSeconds: await this.compute.takeDataSeconds(),
    };
    this.run = {
      ...recordTrainLoss(this.run, loss),
      step,
      tokens: this.run.tokens + scalars.trainedTokens,
      lossQuarters: addToQuarters(this.run.lossQuarters, { step, totalSteps: this.job.totalSteps, loss }),
      skippedSteps: this.run.skippedSteps + (finite ? 0 : 1),
      skippedInARow: finite ? 0 : this.run.skippedInARow + 1,
    };
    if (!finite) this.stepSkipped(loss);
    const seconds = this.clock.lap();
    this.times.add({ ...timings, total: seconds });
    this.observer.step({ step, loss, gradientNorm, learningRate, seconds, scalars, timings });
    this.report({
      step,
      totalSteps: this.job.totalSteps,
      epoch: step / this.job.stepsPerEpoch,
      trainLoss: loss,
      evalLoss: this.run.evalLoss ?? undefined,
      gradientNorm,
      learningRate,
      tokensPerSecond: scalars.trainedTokens / Math.max(seconds, 1e-9),
      stepSeconds: seconds,
      tokens: this.run.tokens,
      estimatedSecondsLeft: (this.job.totalSteps - step) * this.clock.typicalSeconds,
    });
    const every = this.config.training.checkpoint?.everySteps ?? 0;
    if (every > 0 && step % every === 0) await this.checkpointIfPossible();
  }

  /** A checkpoint between steps is a safety net: when there is no room or the store is down, those written before remain and training goes on. */
  private async checkpointIfPossible(): Promise<void> {
    try {
      await this.checkpoint();
    } catch (error) {
      this.observer.warn(
        `step ${this.run.step}: no checkpoint, ${reasonOfMissing(error)}; training goes on, earlier checkpoints remain`,
      );
    }
  }

  /** Loss over the whole validation split. */
  async evaluate(): Promise<void> {
    const result = await this.group.sum({
      step: this.run.step,
      phase: 'evaluation',
      count: this.job.validationBatches,
      vectorLength: 0,
      compute: (index) => this.compute.validationLoss(index),
    });
    if (result.kind !== 'sum') return this.moved(result);
    const evalLoss = result.scalars.lossSum / Math.max(1, result.scalars.trainedTokens);
    const before = this.run.bestEvalLoss;
    const watched = watchForRisingLoss(this.run, evalLoss);
    if (watched.warning !== undefined) this.observer.warn(watched.warning);
    this.run = recordEvaluation(watched.run, evalLoss, this.config.training.earlyStopping);
    if (this.keepsBest && this.run.bestEvalLoss !== before) {
      this.bestImage = await this.compute.exportState();
    }
    this.observer.evaluation(this.run.step, evalLoss);
    if (this.progress) this.report({ ...this.progress, evalLoss });
    this.clock.restart();
  }

  /** With early stopping, the result is the state at the best validation loss. */
  async restoreBest(): Promise<void> {
    if (this.bestImage.length > 0) await this.compute.importState(this.bestImage);
  }

  /** Validation loss and exact match of the base model, before anything is trained. */
  async testBase(): Promise<void> {
    const test = baseTest(this.job, this.compute, this.wantsExactMatch);
    while (this.over === undefined && !this.run.baseTested && this.run.step === 0) {
      const figures = await this.sumTest(0, test);
      if (figures === 'moved') continue;
      const { evalLoss, exactMatch } = figures;
      this.run = { ...this.run, baseTested: true, baseEvalLoss: evalLoss, baseExactMatch: exactMatch };
      if (exactMatch !== null) this.observer.tested('base', exactMatch, this.job.examples.test);
      if (evalLoss !== null) this.observer.baseLoss?.(evalLoss);
    }
  }

  /** Exact match of the tuned model on the test split. */
  async testTuned(): Promise<void> {
    const test = tunedTest(this.job, this.compute, this.wantsExactMatch);
    while (this.over === undefined && !this.run.tunedTested) {
      const figures = await this.sumTest(this.run.step + 1, test);
      if (figures === 'moved') continue;
      const { exactMatch } = figures;
      this.run = { ...this.run, tunedTested: true, tunedExactMatch: exactMatch };
      if (exactMatch !== null) this.observer.tested('tuned', exactMatch, this.job.examples.test);
    }
  }

  /**
   * Writes the result to the place that the job names, with what is to be known of it.
   * @param isHurried the process is asked to end: nothing further is measured
   */
  async save(isHurried: () => boolean): Promise<Artifact> {
    const { config, job, run, compute, now } = this;
    const summary = await summarizeRun({
      config,
      job,
      run,
      compute,
      now,
      isHurried,
      metrics: this.metrics(),
    });
    const { verdict, advice, notes } = summary.comparison;
    this.observer.compared?.(verdict.text);
    for (const text of [...advice.map((one) => one.text), ...notes]) this.observer.warn(text);
    const { uri, formats, secret } = this.config.output;
    const destination = openDestination({ uri, secret, field: 'output.uri' }, this.storage);
    const fill = (folder: string): Promise<void> => compute.save(folder, summary);
    const { digest, bytes } = await destination.publish(uri, fill, this.owner);
    return { format: formats[0] ?? 'peft', uri, digest, bytes };
  }

  /** Rank 0 writes a checkpoint, when the job names a place for it. */
  async checkpoint(): Promise<void> {
    const place = this.checkpointPlace;
    if (this.group.rank !== 0 || place === undefined) return;
    const started = performance.now();
    const info = await writeCheckpoint(
      place,
      { run: this.run, image: await this.compute.exportState(), bestImage: this.bestImage },
      {
        settings: this.job.settings,
        keep: this.config.training.checkpoint?.keep ?? 1,
        ...(this.run.bestStep > 0 ? { bestStep: this.run.bestStep } : {}),
      },
    );
    const seconds = (performance.now() - started) / 1000;
    this.observer.checkpoint(info.step, seconds);
    this.group.reportCheckpoint({
      step: info.step,
      uri: info.uri,
      digest: info.digest,
      bytes: info.bytes,
      seconds,
    });
  }

  finished(outcome: Finished_Outcome, message: string, artifacts: Artifact[]): Finished {
    const timeShares = this.times.shares(this.job.paddingShare);
    const metrics = this.metrics();
    return { step: this.run.step, outcome, reason: '', message, artifacts, metrics, timeShares };
  }

  private metrics(): Metric[] {
    return measuredMetrics({ run: this.run, examples: this.job.examples, keepsBest: this.keepsBest });
  }

  private get wantsExactMatch(): boolean {
    return this.config.evaluation.metrics.includes('exactMatch');
  }

  private get checkpointPlace(): CheckpointPlace | undefined {
    const { uri, secret = '' } = this.config.training.checkpoint ?? {};
    if (!uri) return undefined;
    const destination = openDestination({ uri, secret, field: 'training.checkpoint.uri' }, this.storage);
    return { destination, uri: below(uri, this.job.fingerprint), writer: this.owner };
  }

  private get keepsBest(): boolean {
    return (this.config.training.earlyStopping?.patience ?? 0) > 0;
  }

  /** Which cross-check of computed bits the step is; undefined = none. */
  private verification(step: number): number | undefined {
    const every = this.config.training.verifyEverySteps;
    return every > 0 && step % every === 0 ? step / every - 1 : undefined;
  }

  private learningRate(step: number): number {
    return learningRateAt(step - 1, this.schedule);
  }

  private stepSkipped(loss: number): void {
    const { step, skippedInARow } = this.run;
    this.observer.warn(`step ${step}: loss ${loss} or its gradient is not finite; the step is skipped`);
    if (skippedInARow >= MAX_SKIPPED_IN_A_ROW) {
      throw new DivergedError(
        `loss or gradient were not finite in ${skippedInARow} steps in a row up to step ${step}; ` +
          'lower training.learningRate or look for broken rows in the data set',
      );
    }
  }

  /** The group did not sum: the state was replaced by a peer's, or there is nothing left to do. */
  private moved(result: Exclude<SharedResult, { kind: 'sum' }>): void {
    if (result.kind === 'over') this.finishedByPeer = result.outcome;
  }

  private report(progress: Progress): void {
    this.progress = progress;
    if (this.group.rank === 0) this.group.reportProgress(progress);
  }

  private async sumTest(step: number, test: HeldOutTest): Promise<TestFigures | 'moved'> {
    if (test.count === 0) return NOT_TESTED;
    const { count } = test;
    const compute = (index: number) => test.compute(index);
    const result = await this.group.sum({ step, phase: 'evaluation', count, vectorLength: 0, compute });
    this.clock.restart();
    if (result.kind === 'sum') return test.read(result.scalars);
    this.moved(result);
    return 'moved';
  }
}

function scheduleOf(training: CompleteConfig['training'], totalSteps: number): Schedule {
  const { scheduler, learningRate, warmupRatio } = training;
  return { scheduler, learningRate, warmupSteps: warmupStepsOf(warmupRatio, totalSteps), totalSteps };
}
