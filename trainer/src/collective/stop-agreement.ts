import type { Stop } from '@tuneyard/proto';

import { FLAG_STOP, FLAG_STOP_WITH_CHECKPOINT } from './wire-format.js';

/**
 * Makes all members stop after the same step: who was told says so together with its scalars, and all act on what came
 * with the sum, which is the same for all.
 */
export class StopAgreement {
  told: Stop | undefined;
  agreed: Stop | undefined;

  /** Flags for this member's scalars. */
  flags(): number {
    if (this.told === undefined) return 0;
    return FLAG_STOP | (this.told.checkpoint ? FLAG_STOP_WITH_CHECKPOINT : 0);
  }

  /** Everybody's flags, or-ed. */
  conclude(flags: number): void {
    if ((flags & FLAG_STOP) === 0) return;
    const checkpoint = (flags & FLAG_STOP_WITH_CHECKPOINT) !== 0;
    this.agreed = { reason: this.told?.reason ?? 'a peer was told to stop', checkpoint };
  }
}
