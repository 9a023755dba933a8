import type { TimeShares } from '@tuneyard/proto';

/** Seconds of one step, as they are measured. */
export interface StepSeconds {
  readonly total: number;
  /** Gradients of this worker, with what it waited for their data. */
  readonly computeSeconds: number;
  /** Waiting for data alone. */
  readonly dataSeconds: number;
  readonly reduceSeconds: number;
  readonly updateSeconds: number;
}

/** Where the time of the steps went, over all steps that this worker has taken. */
export class TimeTotals {
  private total = 0;
  private data = 0;
  private compute = 0;
  private allReduce = 0;
  private update = 0;

  add({ total, computeSeconds, dataSeconds, reduceSeconds, updateSeconds }: StepSeconds): void {
    this.total += total;
    this.data += dataSeconds;
    this.compute += computeSeconds - dataSeconds;
    this.allReduce += reduceSeconds;
    this.update += updateSeconds;
  }

  /** Undefined before the first step. */
  shares(paddingShare: number): TimeShares | undefined {
    const { total } = this;
    if (total === 0) return undefined;
    return {
      data: this.data / total,
      compute: this.compute / total,
      allReduce: this.allReduce / total,
      update: this.update / total,
      padding: paddingShare,
    };
  }
}
