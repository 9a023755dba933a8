import type { CheckpointDone, Finished, Progress, ResumedFrom, TrainerConfig } from '@tuneyard/proto';
import type { Group, SharedResult, SharedWork, StateHolder } from '@tuneyard/trainer/collective';

/** A group of one, in this process: sums its own units in order. Remembers what the loop reports. */
export class SoloGroup implements Group {
  readonly memberId = 'solo';
  readonly rank = 0;
  readonly size = 1;
  readonly generation = 1;
  readonly progress: Progress[] = [];
  readonly checkpoints: CheckpointDone[] = [];
  finished: Finished | undefined;
  resumedFrom: ResumedFrom | undefined;

  constructor(private readonly config: TrainerConfig) {}

  connect(): Promise<TrainerConfig> {
    return Promise.resolve(this.config);
  }

  join(_state: StateHolder, _totalSteps: number, resumedFrom?: ResumedFrom): Promise<void> {
    this.resumedFrom = resumedFrom;
    return Promise.resolve();
  }

  async sum(work: SharedWork): Promise<SharedResult> {
    const { count, vectorLength } = work;
    const vector = new Float32Array(vectorLength);
    const unit = new Float32Array(vectorLength);
    const scalars = { lossSum: 0, trainedTokens: 0 };
    for (let index = 0; index < count; index++) {
      const { lossSum, trainedTokens } = await work.compute(index, unit);
      for (let at = 0; at < vectorLength; at++) vector[at] = (vector[at] ?? 0) + (unit[at] ?? 0);
      scalars.lossSum += lossSum;
      scalars.trainedTokens += trainedTokens;
    }
    return {
      kind: 'sum',
      vector,
      scalars,
      timings: { computeSeconds: 0, reduceSeconds: 0, additionSeconds: 0, bytes: 0 },
    };
  }

  reportProgress(progress: Progress): void {
    this.progress.push(progress);
  }

  reportCheckpoint(done: CheckpointDone): void {
    this.checkpoints.push(done);
  }

  awaitCompletion(): Promise<'leader'> {
    return Promise.resolve('leader');
  }

  finish(finished: Finished): Promise<void> {
    this.finished = finished;
    return Promise.resolve();
  }

  takeCheckpointRequest(): undefined {
    return undefined;
  }

  endSoon(): void {}

  stopRequested(): undefined {
    return undefined;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
