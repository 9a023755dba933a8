import { DEFAULT_POLICY } from '../scheduling/index.js';
import type { SchedulingPolicy } from '../scheduling/index.js';

/** A way to run a pool, to be compared with others. */
export interface SimulatedPolicy {
  readonly name: string;
  readonly scheduling: SchedulingPolicy;
  /** Whether each tenant has a queue with its share of the pool, or all jobs wait in one line. */
  readonly queues: 'by tenant' | 'one';
  /** Whether jobs may run with fewer workers than they asked for. */
  readonly isElastic: boolean;
}

const FIFO: SchedulingPolicy = {
  ...DEFAULT_POLICY,
  backfill: 'none',
  preemption: false,
  resizing: false,
  reservations: 1,
};

const TUNEYARD: SimulatedPolicy = {
  name: 'tuneyard',
  scheduling: DEFAULT_POLICY,
  queues: 'by tenant',
  isElastic: true,
};

const without = (name: string, change: Partial<SchedulingPolicy>, isElastic = true): SimulatedPolicy => ({
  ...TUNEYARD,
  name: `tuneyard without ${name}`,
  scheduling: { ...DEFAULT_POLICY, ...change },
  isElastic,
});

/** First come, first served; the same with EASY backfill; this scheduler, and this scheduler without one of its means. */
export const POLICIES: readonly SimulatedPolicy[] = [
  { name: 'fifo', scheduling: FIFO, queues: 'one', isElastic: false },
  { name: 'fifo+backfill', scheduling: { ...FIFO, backfill: 'easy' }, queues: 'one', isElastic: false },
  TUNEYARD,
  without('shrink', { resizing: false }, false),
  without('reservation', { backfill: 'greedy' }),
  without('checkpoint pricing', { victimPrice: 'youngest' }),
];
