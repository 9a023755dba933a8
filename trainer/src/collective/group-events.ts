/** What a group tells whoever measures it. Called on its own thread, so: count and return. */
export interface GroupEvents {
  /** From the end of a generation under this member's feet to the next complete sum; `cause` as the coordinator names it. */
  recovered?(cause: string, seconds: number): void;
  /** How long this member's share of a sum was ready before that of the peer had come. */
  waitedFor?(memberId: string, seconds: number): void;
  /** Adapter state handed to a member that was behind, or taken from one ahead. */
  stateMoved?(direction: 'sent' | 'received', bytes: number): void;
}
