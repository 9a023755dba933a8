/**
 * Why a member is of no use to its generation: it cannot be reached, what it sends is damaged or makes no sense, or it
 * computed wrong bits.
 */
export type ComplaintKind = 'link' | 'frame' | 'wrong-bits';

/** What a group tells whoever measures it. Called on its own thread, so: count and return. */
export interface GroupEvents {
  /** It begins to work in a generation; `cause` as the coordinator names it. */
  entered?(cause: string): void;
  /** From the end of a generation under this member's feet to the next complete sum; `cause` as the coordinator names it. */
  recovered?(cause: string, seconds: number): void;
  /** How long this member's share of a sum was ready before that of the peer had come. */
  waitedFor?(memberId: string, seconds: number): void;
  /** Adapter state handed to a member that was behind, or taken from one ahead. */
  stateMoved?(direction: 'sent' | 'received', bytes: number): void;
  /**
   * This member's part in a verified work: `batches` micro-batches that it computed were computed by a peer as well, and
   * in `disputed` of them the bits differ. `seconds`: from the end of its share to the verdict.
   */
  verified?(batches: number, disputed: number, seconds: number): void;
  /** This member reports a peer, or itself, to the coordinator; repetitions are not told. */
  reported?(memberId: string, kind: ComplaintKind): void;
  /** The generation ended before the sum was complete: what was sent of it will be asked for again. */
  sentInVain?(bytes: number): void;
  /** What a micro-batch takes here, smoothed, and this member's share of them (1 = that of an average member). */
  paced?(unitSeconds: number, share: number): void;
}
