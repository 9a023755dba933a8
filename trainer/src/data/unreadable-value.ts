/** A value of a file that cannot be had as it was meant; a row that needs it is left out for this reason. */
export class UnreadableValue {
  /** @param reason continues "output" … */
  constructor(readonly reason: string) {}
}
