import type { NodeNeeds, Pool, TopologyLevel } from '../pool/index.js';
import type { Ordered, QueueState } from '../queueing/index.js';
import type { WaitingReason } from '../api/index.js';

/** A job that wants GPUs. `key` is namespace/name. */
export interface PendingJob extends Ordered {
  readonly namespace: string;
  readonly queueName: string;
  readonly min: number;
  readonly max: number;
  readonly gpusPerWorker: number;
  /** Acceptable flavors in the order of preference; absent: all that the queue has quota for, in its order. */
  readonly flavors?: readonly string[] | undefined;
  readonly needs: NodeNeeds;
  readonly topology?: { readonly level: TopologyLevel; readonly mode: 'required' | 'preferred' } | undefined;
  /** Known before looking at the pool: suspended, or an invalid spec, or a failed attempt that has to wait. */
  readonly held?:
    { readonly reason: 'Suspended' | 'InvalidSpec' | 'BackingOff'; readonly message: string } | undefined;
}

/** A job that holds GPUs. */
export interface RunningJob extends Ordered {
  readonly queueName: string;
  readonly flavor: string;
  readonly gpusPerWorker: number;
  readonly nodes: readonly string[];
}

/** Everything that a cycle decides from. */
export interface Snapshot {
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
  /** Its `used` includes what `running` holds. */
  readonly pool: Pool;
  readonly queues: ReadonlyMap<string, QueueState>;
  /** Labels of namespaces. */
  readonly namespaces: ReadonlyMap<string, Readonly<Record<string, string>>>;
  readonly pending: readonly PendingJob[];
  readonly running: readonly RunningJob[];
}

/** The decision that a job starts now. */
export interface Admission {
  readonly key: string;
  readonly flavor: string;
  readonly resource: string;
  /** Node of each worker, by index. */
  readonly nodes: readonly string[];
}

/** Why a job does not start now. */
export interface Waiting {
  readonly key: string;
  /** Place in its queue, from 1. */
  readonly position: number;
  readonly ahead: number;
  readonly reason: WaitingReason;
  readonly message: string;
  /** Workers that could start now, were it its turn. */
  readonly largestGangThatFits: number;
}

/** What a cycle decided; every pending job is in exactly one of the lists. */
export interface Plan {
  readonly admissions: readonly Admission[];
  readonly waiting: readonly Waiting[];
}
