import type { Directive } from '@tuneyard/proto';

import type { Clock } from './clock.js';
import type { EventBus } from './event-bus.js';
import type { CoordinatedJob } from './job-coordinator.js';
import type { MembershipSettings } from './membership-events.js';
import type { ExpulsionCause } from './membership-state.js';
import type { StateStore } from './state-store.js';

/** What is worth telling people of a job's workers. */
export interface JobNews {
  /** The worker was told to end, and is to be replaced. */
  expelled?(job: CoordinatedJob, memberId: string, cause: ExpulsionCause, reason: string): void;
  /** The worker takes `ratio` times what is usual among the others for a micro-batch, and has for long. */
  straggling?(job: CoordinatedJob, memberId: string, ratio: number): void;
}

/** The coordinator's end of one worker's stream. */
export interface WorkerChannel {
  send(directive: Directive): void;
  /** Ends the stream; `reason` undefined = in good order. */
  end(reason?: string): void;
}

export interface JobRuntimeOptions {
  readonly store: StateStore;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly membership: MembershipSettings;
  readonly onChange: () => void;
  readonly news: JobNews;
  /** Something went wrong that heals itself (a store or bus out of reach). */
  readonly onTrouble: (place: string, error: unknown) => void;
}
