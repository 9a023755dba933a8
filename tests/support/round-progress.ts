/** Says on stderr, so that results can be piped, what a long measurement is at: `2 ranks: round 3 of 9`. */
export class RoundProgress {
  #what = '';

  constructor(private readonly terminal: Pick<NodeJS.WriteStream, 'isTTY' | 'write'> = process.stderr) {}

  /** `round` from 1; on a terminal it is redrawn in place, elsewhere a new `what` makes a line and its rounds none. */
  at(what: string, round?: number, of?: number): void {
    const rounds = round === undefined ? '' : `: round ${round} of ${of}`;
    if (this.terminal.isTTY) this.terminal.write(`\r\u001b[K${what}${rounds}`);
    else if (what !== this.#what) this.terminal.write(`${what}\n`);
    this.#what = what;
  }

  /** Takes the line away. */
  end(): void {
    if (this.terminal.isTTY) this.terminal.write('\r\u001b[K');
    this.#what = '';
  }
}
