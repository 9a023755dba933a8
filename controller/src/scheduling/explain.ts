import { isInadmissible } from '../api/index.js';
import { assess, impossibility } from './assess.js';
import { refusalOf, type CycleState, type Refusal } from './cycle-state.js';
import { obstacles } from './obstacle.js';
import type { Waiting } from './plan.js';
import { shapeOf } from './shape.js';
import type { PendingJob } from './snapshot.js';

/** Assumed of a job whose length is not known, in seconds, when the start of those behind it is estimated. */
const UNKNOWN_SECONDS = 3600;

/** For every job of these queues that does not start: its place if it can be admitted, why, the largest gang that fits, and when it may start. */
export function* explain(
  state: CycleState,
  blocked: ReadonlyMap<string, PendingJob>,
  queues: Iterable<string>,
): Generator<Waiting> {
  const { snapshot } = state;
  const room = new Map<string, number>();
  for (const name of queues) {
    const head = blocked.get(name);
    const behind = new Behind(state, head);
    const refusals = state.refusals(name);
    const refusedShapes = state.refusedShapes(name);
    const byShape = new Map<string, Refusal>();
    // The jobs that had a turn are the first ones: once all are found, the many behind them need no search.
    let [starting, refused] = [state.startingOf(name), refusals.size];
    const obstacleOf = obstacles(snapshot);
    let ahead = 0;
    for (const job of snapshot.pending.get(name) ?? []) {
      if (starting > 0 && state.admissions.has(job.key)) {
        starting--;
        continue;
      }
      let refusal = refused > 0 ? refusals.get(job.key) : undefined;
      if (refusal === undefined) refusal = obstacleOf(job);
      else refused--;
      if (refusal === undefined) {
        const shape = shapeOf(job);
        refusal = refusalOf(refusedShapes.get(shape), job) ?? byShape.get(shape);
        if (refusal === undefined) {
          refusal = unexamined(state, job, head, room);
          byShape.set(shape, refusal);
        }
      }
      const estimatedStart = refusal.estimatedStart ?? behind.startOf(job, refusal.reason);
      const place = isInadmissible(refusal.reason) ? {} : { position: ahead + 1, ahead: ahead++ };
      yield {
        key: job.key,
        ...place,
        reason: refusal.reason,
        message: refusal.message,
        largestGangThatFits: refusal.largestGangThatFits,
        estimatedStart,
      };
    }
  }
}

/**
 * A job that had no turn in this cycle, for the number of jobs before it.
 * @param room workers that there is room for, by flavor and shape, as far as they were counted
 */
function unexamined(
  state: CycleState,
  job: PendingJob,
  head: PendingJob | undefined,
  room: Map<string, number>,
): Refusal {
  const queue = state.snapshot.queues.get(job.queueName);
  const flavors = job.flavors ?? queue?.quotas.map(({ flavor }) => flavor) ?? [];
  const isPossible =
    queue === undefined || flavors.some((flavor) => impossibility(state, job, queue, flavor) === undefined);
  const verdict = isPossible ? undefined : assess(state, job, queue);
  if (verdict !== undefined && verdict.admission === undefined) return verdict.refusal;
  const largestGangThatFits = Math.max(
    0,
    ...flavors.map((flavor) => {
      const available = state.ledger.view(job.queueName, flavor)?.available ?? 0;
      const kind = `${flavor} ${shapeOf(job)}`;
      let workers = room.get(kind);
      if (workers === undefined) {
        const until = Number.POSITIVE_INFINITY;
        workers = state.free.mostWorkers({ ...job, flavor, until }, job.max);
        room.set(kind, workers);
      }
      return Math.min(workers, Math.floor(available / job.gpusPerWorker));
    }),
  );
  return head === undefined
    ? { reason: 'PendingEvaluation', message: 'is looked at in the next cycle', largestGangThatFits }
    : behindHead(head, largestGangThatFits);
}

export const behindHead = (head: PendingJob, largestGangThatFits: number): Refusal => ({
  reason: 'BehindInQueue',
  message: `waits behind ${head.key} in queue ${head.queueName}`,
  largestGangThatFits,
});

/** When the jobs behind a queue's first blocked one may start: as the queue works off what is before them. */
class Behind {
  /** GPU-seconds of the jobs since the blocked one. */
  #work = 0;
  /** When the blocked one may start, in ms; undefined when nobody knows. */
  readonly #start: number | undefined;
  readonly #gpus: number;

  constructor(
    state: CycleState,
    private readonly head: PendingJob | undefined,
  ) {
    this.#start =
      head === undefined ? undefined : state.refusals(head.queueName).get(head.key)?.estimatedStart;
    const quotas = state.snapshot.queues.get(head?.queueName ?? '')?.quotas ?? [];
    this.#gpus = Math.max(1, ...quotas.map(({ nominal }) => nominal));
  }

  startOf(job: PendingJob, reason: Refusal['reason']): number | undefined {
    if (this.head === undefined || this.#start === undefined || !WAITS.has(reason)) return undefined;
    if (this.#work === 0) this.#add(this.head);
    const estimate = this.#start + (this.#work / this.#gpus) * 1000;
    this.#add(job);
    return estimate;
  }

  #add({ gpuSeconds, min, gpusPerWorker }: PendingJob): void {
    this.#work += gpuSeconds ?? UNKNOWN_SECONDS * min * gpusPerWorker;
  }
}

const WAITS: ReadonlySet<string> = new Set([
  'BehindInQueue',
  'WaitingForQuota',
  'WaitingForCapacity',
  'Fragmented',
  'WaitingForRelease',
]);
