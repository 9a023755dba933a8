import type { Logger } from 'pino';
import type { ResumedFrom, TrainerConfig } from '@tuneyard/proto';
import type { Observer, StepFigures } from './observer.js';
import type { TrainerMetrics } from './trainer-metrics.js';

/** Turns what happens in the loop into log lines and metrics. */
export class LoggingObserver implements Observer {
  constructor(
    private readonly log: Logger,
    private readonly metrics: TrainerMetrics,
    /** The membership right now; sampled with every step. */
    private readonly membership: () => { readonly generation: number; readonly size: number },
  ) {}

  loading(phase: 'data' | 'model' | 'base'): void {
    this.log.info({ phase }, 'loading');
  }

  loaded(job: Parameters<Observer['loaded']>[0], config: TrainerConfig): void {
    this.metrics.totalSteps.set(job.totalSteps);
    this.metrics.trainableParameters.set(job.parameterCount);
    this.metrics.paddingRatio.set(job.paddingShare);
    this.log.info({ ...job, model: config.model?.source }, 'model and data loaded');
  }

  resumed(step: number, { uri, job }: ResumedFrom): void {
    this.metrics.step.set(step);
    const writer = job === undefined ? {} : { writtenBy: `${job.namespace}/${job.name}`, uid: job.uid };
    this.log.info({ uri, ...writer, step }, 'resumed from checkpoint');
  }

  step({ step, loss, gradientNorm, learningRate, seconds, scalars, timings }: StepFigures): void {
    const { metrics } = this;
    const { generation, size } = this.membership();
    metrics.step.set(step);
    metrics.trainLoss.set(loss);
    metrics.learningRate.set(learningRate);
    metrics.generation.set(generation);
    metrics.members.set(size);
    metrics.tokens.inc(scalars.trainedTokens);
    metrics.allReduceBytes.inc(timings.bytes);
    if (timings.bytes > 0)
      metrics.allReduceBandwidth.set(timings.bytes / Math.max(timings.reduceSeconds, 1e-9));
    metrics.stepSeconds.observe({ phase: 'data' }, timings.dataSeconds);
    metrics.stepSeconds.observe({ phase: 'compute' }, timings.computeSeconds);
    metrics.stepSeconds.observe({ phase: 'allreduce' }, timings.reduceSeconds);
    metrics.stepSeconds.observe({ phase: 'update' }, timings.updateSeconds);
    metrics.stepSeconds.observe({ phase: 'total' }, seconds);
    if (Number.isNaN(gradientNorm)) metrics.skippedSteps.inc();
    else metrics.gradientNorm.set(gradientNorm);
    this.log.info(
      { step, loss, gradientNorm, learningRate, seconds, workers: size, generation, ...timings },
      'step',
    );
  }

  evaluation(step: number, evalLoss: number): void {
    this.metrics.evalLoss.set(evalLoss);
    this.log.info({ step, evalLoss }, 'evaluation');
  }

  tested(model: 'base' | 'tuned', exactMatch: number, examples: number): void {
    this.metrics.exactMatch.set({ model }, exactMatch);
    this.log.info({ model, exactMatch, examples }, 'exact match on the test split');
  }

  baseLoss(loss: number): void {
    this.log.info({ loss }, 'validation loss of the base model');
  }

  compared(verdict: string): void {
    this.log.info(verdict);
  }

  checkpoint(step: number, seconds: number): void {
    this.metrics.checkpointSeconds.observe(seconds);
    this.log.info({ step, seconds }, 'checkpoint written');
  }

  warn(message: string): void {
    this.log.warn(message);
  }
}
