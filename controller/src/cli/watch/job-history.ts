import type { FineTuneJob } from '../../api/index.js';
import type { LossPoint } from '../display/index.js';

/** Points kept of a loss curve; beyond, every second one is dropped. */
const MOST_POINTS = 2000;
/** The pace is that of so many milliseconds. */
const PACE_MS = 60_000;

interface Sample {
  readonly step: number;
  readonly atMs: number;
}

/** What was seen of a job's training since one began to look: the API server keeps only how it is now. */
export class JobHistory {
  private points: LossPoint[] = [];
  private samples: Sample[] = [];

  /** @param atMs when this state was heard of, on a clock that only goes forward */
  observe({ status }: FineTuneJob, atMs: number): void {
    const { step, trainLoss } = status?.progress ?? {};
    if (step === undefined || step === this.samples.at(-1)?.step) return;
    // A job that was resumed from a checkpoint does steps again.
    this.points = this.points.filter((point) => point.step < step);
    if (step < (this.samples.at(-1)?.step ?? 0)) this.samples = [];
    if (trainLoss !== undefined) this.points.push({ step, loss: trainLoss });
    if (this.points.length > MOST_POINTS) this.points = this.points.filter((_, index) => index % 2 === 0);
    this.samples.push({ step, atMs });
    const oldest = this.samples.findIndex((sample) => sample.atMs >= atMs - PACE_MS);
    // One sample before the window, so that a slow job has a pace as well.
    this.samples.splice(0, Math.max(0, oldest - 1));
  }

  get losses(): readonly LossPoint[] {
    return this.points;
  }

  /** Of the last minute; undefined before two steps were heard of. */
  get stepsPerSecond(): number | undefined {
    const [first] = this.samples;
    const last = this.samples.at(-1);
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return undefined;
    return (1000 * (last.step - first.step)) / (last.atMs - first.atMs);
  }
}
