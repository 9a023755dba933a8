/** `resized`: members left, and those that stay are as many as the job is to have. */
export type MembershipCause =
  'start' | 'joined' | 'resized' | 'lost' | 'link' | 'restored' | 'expelled' | 'balanced';

/** Why a worker may not take part any more. */
export type ExpulsionCause = 'wrong-bits' | 'straggler';

/** A worker process. A restarted pod has the same member id and another incarnation. */
export interface WorkerIdentity {
  readonly memberId: string;
  readonly incarnation: string;
  /** host:port of its Collective service. */
  readonly address: string;
  /** host:port of its bulk data plane; '' when it has none. */
  readonly bulkAddress: string;
  /** The machine that it runs on; undefined = not known. */
  readonly node?: string | undefined;
}

export interface KnownWorker extends WorkerIdentity {
  /** `presumed`: a member before this coordinator started, not heard of yet. */
  readonly link: 'open' | 'presumed' | 'closed';
  readonly ready: boolean;
  readonly finished: boolean;
  readonly committedStep: number;
  /** Milliseconds of the coordinator's clock. */
  readonly lastSeen: number;
  /** It was asked for a sign of life at that time (ms) and has given none; `failed`: it had time enough, and counts as gone. */
  readonly probe?: { readonly since: number; readonly failed: boolean } | undefined;
  /** Not dealt into a generation before this time: its peers cannot reach it. */
  readonly quarantinedUntil: number;
  /** How long the last time was; 0 = there was none. */
  readonly quarantinedForMs: number;
  /** Why this process is never dealt in again. */
  readonly expelled?: string | undefined;
  /** What one micro-batch takes there; undefined = not known. */
  readonly unitSeconds?: number | undefined;
  /** Since when it has been far slower than the others (ms), and whether that was reported. */
  readonly slow?: { readonly since: number; readonly reported: boolean } | undefined;
}

export interface MembershipState {
  readonly expectedWorkers: number;
  /** Newest generation announced; 0 before the first. */
  readonly generation: number;
  /** In rank order. */
  readonly members: readonly WorkerIdentity[];
  /** Of the micro-batches, by rank, 1 = that of an average member. */
  readonly shares: readonly number[];
  /** The step after which they were dealt. */
  readonly dealtAtStep: number;
  /** Deals by speed since the members changed. */
  readonly balances: number;
  readonly replaceStragglers: boolean;
  /** Members whose process was replaced for being slow; that is tried once. */
  readonly replaced: ReadonlySet<string>;
  readonly workers: ReadonlyMap<string, KnownWorker>;
  /** A change that waits for its neighbours, so that two deaths at once make one generation. */
  readonly pending: { readonly dueAt: number; readonly cause: MembershipCause } | undefined;
  /** Generations, since a step was last committed, in which peers failed to reach the member. */
  readonly accusations: ReadonlyMap<string, readonly number[]>;
  readonly committedStep: number;
  /** The job's result is delivered: memberships no longer change. */
  readonly over: boolean;
}

export function initialMembership(expectedWorkers: number): MembershipState {
  return {
    expectedWorkers,
    generation: 0,
    members: [],
    shares: [],
    dealtAtStep: 0,
    balances: 0,
    replaceStragglers: false,
    replaced: new Set(),
    workers: new Map(),
    pending: undefined,
    accusations: new Map(),
    committedStep: 0,
    over: false,
  };
}

/** The state after a restart of the coordinator: members of the stored generation have until the timeout to return. */
export function restoredMembership(
  expectedWorkers: number,
  stored: {
    readonly generation: number;
    readonly members: readonly WorkerIdentity[];
    readonly shares?: readonly number[] | undefined;
    readonly over: boolean;
  },
  now: number,
): MembershipState {
  const workers = stored.members.map((member): [string, KnownWorker] => [
    member.memberId,
    {
      ...member,
      link: 'presumed',
      ready: true,
      finished: false,
      committedStep: 0,
      lastSeen: now,
      quarantinedUntil: 0,
      quarantinedForMs: 0,
    },
  ]);
  return {
    ...initialMembership(expectedWorkers),
    generation: stored.generation,
    members: stored.members,
    shares: stored.shares ?? stored.members.map(() => 1),
    workers: new Map(workers),
    over: stored.over,
  };
}
