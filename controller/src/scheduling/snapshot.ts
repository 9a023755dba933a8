import type { NodeNeeds, Pool, Requests, TopologyLevel } from '../pool/index.js';
import type { RunningJobs, Usage } from './running-jobs.js';
import type { Backlog, Ordered, QueueState } from '../queueing/index.js';

export interface Topology {
  readonly level: TopologyLevel;
  readonly mode: 'required' | 'preferred';
}

/** What a gang asks for, whether it waits or runs. */
export interface Gang extends Ordered {
  readonly namespace: string;
  readonly queueName: string;
  /** Fewest and most workers. */
  readonly min: number;
  readonly max: number;
  readonly gpusPerWorker: number;
  readonly needs: NodeNeeds;
  /** What a worker takes of its node besides GPUs. Absent: nothing that counts. */
  readonly requests?: Requests | undefined;
  /**
   * Nodes that refused a worker of it. A waiting job is placed there only when it fits nowhere else; a running one gets
   * no more workers there. Absent: none.
   */
  readonly avoidNodes?: readonly string[] | undefined;
  readonly topology?: Topology | undefined;
  /** Memory that each GPU must have. Absent: not known, any will do. */
  readonly bytesPerGpu?: number | undefined;
  /** For people: what in its spec lowers that need. */
  readonly waysToFit?: string | undefined;
}

/** A job that wants GPUs. `key` is namespace/name. */
export interface PendingJob extends Gang {
  /** Acceptable flavors in the order of preference; absent: all that the queue has quota for, in its order. */
  readonly flavors?: readonly string[] | undefined;
  /** GPU-seconds that it still needs. Absent: not known, so it starts before a held job only on GPUs that nobody holds. */
  readonly gpuSeconds?: number | undefined;
  /** Known before looking at the pool: suspended, or an invalid spec, or a failed attempt that has to wait. */
  readonly held?:
    | {
        readonly reason: 'Suspended' | 'InvalidSpec' | 'PriorityNotAllowed' | 'BackingOff';
        readonly message: string;
      }
    | undefined;
}

/** A job that holds GPUs. */
export interface RunningJob extends Gang {
  readonly flavor: string;
  readonly resource: string;
  /** Node of each worker, by index. */
  readonly nodes: readonly string[];
  /** Indices of workers whose node is gone or takes nothing any more. Absent: none. */
  readonly lost?: readonly number[] | undefined;
  /** When it was admitted, in ms. */
  readonly startedAt: number;
  /** When its workers changed in number, in ms. Absent: never since `startedAt`. */
  readonly resizedAt?: number | undefined;
  /** When its newest checkpoint was written, in ms. Absent: none since `startedAt`. */
  readonly checkpointedAt?: number | undefined;
  /** When it ends at its measured pace, in ms. Absent: not known. */
  readonly estimatedEnd?: number | undefined;
  /** Told to, it writes a checkpoint and has given its GPUs back after so long at most, in ms. Absent: as the policy says. */
  readonly graceMs?: number | undefined;
  /** It was told to give its GPUs back and will have done so by this time, in ms. */
  readonly givesBackBy?: number | undefined;
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
  readonly pending: Backlog<PendingJob>;
  readonly running: RunningJobs;
  /** Key of a waiting job to the time in ms at which a plan first named it as postponed. Absent: none was. */
  readonly postponed?: ReadonlyMap<string, number> | undefined;
  /** Quota that pods hold besides the running jobs. Absent: none. */
  readonly leftover?: Iterable<Usage> | undefined;
}
