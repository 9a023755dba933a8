/** What a cycle may do. The defaults are what the controller runs with. */
export interface SchedulingPolicy {
  /** Start jobs behind one that cannot start. `easy`: only if they do not delay it; `greedy`: always; `none`: never. */
  readonly backfill: 'none' | 'greedy' | 'easy';
  /** Evict jobs whose queue borrows, or of lower priority, for a waiting one. */
  readonly preemption: boolean;
  /** How victims are chosen: by the work that is lost since their newest checkpoint, or the youngest first. */
  readonly victimPrice: 'sinceCheckpoint' | 'youngest';
  /** Take workers beyond the fewest from running jobs for a waiting one, and give idle GPUs to running jobs. */
  readonly resizing: boolean;
  /** Most jobs for which GPUs are kept at a time; they are the first ones in the order of turns. */
  readonly reservations: number;
  /** Most jobs for which victims are looked for in a cycle. */
  readonly preemptionAttempts: number;
  /** Most endings of running jobs that are looked at in a cycle to find out when waiting jobs may start; the first one
   * in line may look at all. */
  readonly lookahead: number;
  /** Most jobs of a queue that are tried behind one that cannot start. */
  readonly backfillDepth: number;
  /** Most admissions of a cycle, so that one cycle stays short; the rest follows in the next one. */
  readonly admissions: number;
  /** A job that grew or shrank is left alone for so long, in ms. */
  readonly resizeCooldownMs: number;
  /** How long after being told a job that says nothing else is expected to have given its GPUs back, in ms. */
  readonly releaseMs: number;
}

export const DEFAULT_POLICY: SchedulingPolicy = {
  backfill: 'easy',
  preemption: true,
  victimPrice: 'sinceCheckpoint',
  resizing: true,
  reservations: 8,
  preemptionAttempts: 8,
  lookahead: 4000,
  backfillDepth: 100,
  admissions: 300,
  resizeCooldownMs: 60_000,
  releaseMs: 120_000,
};
