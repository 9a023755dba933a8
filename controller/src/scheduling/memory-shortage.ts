import type { CycleState } from './cycle-state.js';
import { gibibytes } from './amount.js';
import type { PendingJob } from './snapshot.js';

type Asking = PendingJob & { readonly bytesPerGpu: number };

/** Why a job that would fit the GPUs of a flavor does not fit their memory: all are too small, or too few are large. */
export function insufficientMemory(state: CycleState, job: Asking, flavor: string): string {
  const { bytesPerGpu, min, gpusPerWorker: each, waysToFit } = job;
  const asks = gibibytes(bytesPerGpu);
  const slots = state.free.flavor(flavor);
  const suiting = slots?.suitable({ needs: job.needs }).ever ?? [];
  const large = suiting.filter(({ memoryBytes }) => memoryBytes === undefined || memoryBytes >= bytesPerGpu);
  const count = (some: typeof suiting) => some.reduce((sum, { allocatable }) => sum + allocatable, 0);
  if (large.length === 0) {
    const most = Math.max(0, ...suiting.map(({ memoryBytes = 0 }) => memoryBytes));
    const that = count(suiting) < (slots?.total ?? 0) ? ' that suits it' : '';
    const ways = waysToFit ?? 'use a method or micro-batch that needs less';
    return `needs ${asks} on each GPU, but ${flavor}${that} has ${gibibytes(most)}: ${ways}, or name another flavor`;
  }
  const advice = `lower workers.min${waysToFit === undefined ? '' : `, or need less (${waysToFit})`}, or name another flavor`;
  if (count(large) < min * each) {
    const one = each === 1 ? 'one each' : `${each} each`;
    const workers = min === 1 ? '1 worker needs' : `${min} workers need`;
    return `only ${count(large)} of the ${count(suiting)} ${flavor} have ${asks} or more; ${workers} ${one}: ${advice}`;
  }
  const most = state.free.view(flavor, { ...job, requests: undefined }).mostWorkersEver;
  return `only ${most} of ${min} workers of ${each} fit on nodes whose ${flavor} have ${asks} or more: ${advice}`;
}
