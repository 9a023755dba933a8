/** What the pure part of the coordinator, membership.ts, is told and what it answers. */

import type { ExpulsionCause, MembershipCause, MembershipState, WorkerIdentity } from './membership-state.js';
import { DEFAULT_PACE_SETTINGS, type PaceSettings } from './pace.js';

export interface MembershipSettings extends PaceSettings {
  /** Silence after which a worker counts as gone. */
  readonly heartbeatTimeoutMs: number;
  /** A worker that its peers cannot reach counts as gone when it has not answered for so long that it is asked itself. */
  readonly probeTimeoutMs: number;
  /** Members of a coordinator that has forgotten them have so long to return, counted from the first who does. */
  readonly reattachMs: number;
  /** Wait after a departure for others that belong to it. */
  readonly lossSettleMs: number;
  /** Wait after an arrival for others that belong to it. */
  readonly joinSettleMs: number;
  /** Failed generations in a row after which an unreachable member is left out. */
  readonly maxAccusations: number;
  /** For so long at first, and twice as long each time that it happens again soon, up to the longest. */
  readonly quarantineMs: number;
  readonly longestQuarantineMs: number;
}

export const DEFAULT_MEMBERSHIP_SETTINGS: MembershipSettings = {
  heartbeatTimeoutMs: 5000,
  probeTimeoutMs: 200,
  // Somewhat more than the longest pause between a worker's attempts.
  reattachMs: 1000,
  lossSettleMs: 25,
  joinSettleMs: 200,
  maxAccusations: 3,
  // A generation that fails for want of a link costs most of a second, and three of them come before this.
  quarantineMs: 2000,
  longestQuarantineMs: 60_000,
  ...DEFAULT_PACE_SETTINGS,
};

export type MembershipEvent =
  | {
      readonly kind: 'hello';
      readonly worker: WorkerIdentity;
      readonly committedStep: number;
      /** Newest generation that the worker has seen. */
      readonly generation: number;
    }
  | { readonly kind: 'ready'; readonly memberId: string; readonly committedStep: number }
  | {
      readonly kind: 'heartbeat';
      readonly memberId: string;
      readonly committedStep: number;
      /** What one micro-batch takes there. */
      readonly unitSeconds?: number | undefined;
    }
  | { readonly kind: 'seen'; readonly memberId: string }
  | { readonly kind: 'disconnected'; readonly memberId: string; readonly incarnation: string }
  | { readonly kind: 'peer-failure'; readonly generation: number; readonly memberId: string }
  /** The members agree that this one computed wrong bits. */
  | {
      readonly kind: 'wrong-bits';
      readonly generation: number;
      readonly memberId: string;
      readonly reason: string;
    }
  | { readonly kind: 'finished'; readonly memberId: string; readonly over: boolean }
  | { readonly kind: 'resized'; readonly expectedWorkers: number; readonly replaceStragglers?: boolean }
  /** The coordinator itself stood still for so long: what came meanwhile is still to be read. */
  | { readonly kind: 'stalled'; readonly milliseconds: number }
  | { readonly kind: 'tick' };

export type MembershipEffect =
  | {
      readonly kind: 'announce';
      readonly generation: number;
      readonly members: readonly WorkerIdentity[];
      /** By rank. */
      readonly shares: readonly number[];
      readonly cause: MembershipCause;
    }
  /** Tell the process that it has to end. */
  | {
      readonly kind: 'expel';
      readonly memberId: string;
      readonly cause: ExpulsionCause;
      readonly reason: string;
    }
  /** Say that the member takes `ratio` times what is usual among the others. */
  | { readonly kind: 'straggler'; readonly memberId: string; readonly ratio: number }
  /** Ask the worker for a sign of life. */
  | { readonly kind: 'probe'; readonly memberId: string }
  /** End the worker's session: it was silent for too long. */
  | { readonly kind: 'evict'; readonly memberId: string };

export interface MembershipStep {
  readonly state: MembershipState;
  readonly effects: readonly MembershipEffect[];
}
