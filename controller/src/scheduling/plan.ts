import type { WaitingReason } from '../api/index.js';

/** The decision that a job starts now. */
export interface Admission {
  readonly key: string;
  readonly flavor: string;
  readonly resource: string;
  /** Node of each worker, by index. */
  readonly nodes: readonly string[];
}

/** The decision that a running job writes a checkpoint, gives all its GPUs back and waits again. */
export interface Eviction {
  readonly key: string;
  /** The waiting job that needs them; for `loss` the job itself. */
  readonly for: string;
  /**
   * `reclaim`: it uses GPUs that its queue borrowed; `priority`: a job of higher priority of its queue waits; `loss`:
   * too few of its workers still have a node, and there are no others.
   */
  readonly cause: 'reclaim' | 'priority' | 'loss';
  /** GPU-seconds that would be lost without a checkpoint. */
  readonly price: number;
  readonly message: string;
}

/** The decision that a running job goes on with another number of workers. */
export interface Resize {
  readonly key: string;
  /**
   * Node of each worker that it has then: the first ones of before, or these and more, or others in the place of those
   * that workers lost.
   */
  readonly nodes: readonly string[];
  /** The waiting job that needs the GPUs; absent when it grows. */
  readonly for?: string | undefined;
}

/** GPUs kept for a job that cannot start yet: nobody who starts now takes them beyond `at`. */
export interface Reservation {
  readonly key: string;
  readonly flavor: string;
  readonly nodes: readonly string[];
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}

/** Why a job does not start now. */
export interface Waiting {
  readonly key: string;
  /** Place among the jobs of its queue that can be admitted, from 1. Absent: it cannot be, so it has none. */
  readonly position?: number | undefined;
  readonly ahead?: number | undefined;
  readonly reason: WaitingReason;
  readonly message: string;
  /** Workers that could start now, were it its turn. */
  readonly largestGangThatFits: number;
  /** When it may start as far as the running jobs' progress tells, in ms. */
  readonly estimatedStart?: number | undefined;
}

/**
 * What a cycle decided; every pending job is either admitted or waiting, but a partial plan says nothing of queues that
 * may still have a turn.
 */
export interface Plan {
  readonly admissions: readonly Admission[];
  readonly evictions: readonly Eviction[];
  readonly resizes: readonly Resize[];
  readonly reservations: readonly Reservation[];
  /** Jobs for which nobody was told to make room because enough is expected to end as soon. Absent: none. */
  readonly postponed?: ReadonlySet<string> | undefined;
  /** Made anew whenever it is read, so that no cycle keeps it in memory: read it before the snapshot changes. */
  readonly waiting: Iterable<Waiting>;
  /** The cycle ended at its limit of admissions: run another one at once. */
  readonly isPartial: boolean;
}
