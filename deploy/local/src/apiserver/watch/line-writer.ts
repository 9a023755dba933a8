import type { ServerResponse } from 'node:http';

/** Longest time that a line waits for company, in milliseconds. */
const gatherMilliseconds = 4;
/** A reader that is this far behind, in bytes, is disconnected; it can resume from its resourceVersion. */
const maxBacklogBytes = 64 * 1024 * 1024;

/** Writes lines to a response. Lines of a burst go out together: one system call per burst and reader, not per line. */
export class LineWriter {
  private pending: Buffer[] = [];
  private timer: NodeJS.Timeout | undefined;
  private lastFlush = 0;

  constructor(private readonly response: ServerResponse) {}

  write(line: Buffer): void {
    this.pending.push(line);
    if (this.timer) return;
    const now = performance.now();
    if (now - this.lastFlush >= gatherMilliseconds) this.flush();
    else this.timer = setTimeout(() => this.flush(), gatherMilliseconds);
  }

  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.lastFlush = performance.now();
    if (this.pending.length === 0 || this.response.destroyed || this.response.writableEnded) return;
    const lines = this.pending;
    this.pending = [];
    this.response.write(lines.length === 1 ? lines[0]! : Buffer.concat(lines));
    if (this.response.writableLength > maxBacklogBytes) this.response.destroy();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.pending = [];
  }
}
