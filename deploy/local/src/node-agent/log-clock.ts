import { appendFileSync, existsSync, readFileSync, statSync, truncateSync } from 'node:fs';
import path from 'node:path';

/** A log that grows beyond this is emptied, in bytes. */
const maxLogBytes = 256 * 1024 * 1024;

export interface LogMark {
  /** Everything from here to the next mark was seen at `time`. */
  offset: number;
  /** Milliseconds since the epoch. */
  time: number;
}

/**
 * Notes when which part of a log was written. Processes write their logs straight to a file, so that they outlive the
 * agent; the times that `kubectl logs --timestamps` and `--since` need come from these marks, a fraction of a second
 * late at most.
 */
export class LogClock {
  private readonly sizes = new Map<string, number>();

  /** Looks at the logs of running containers; `folders` are attempt folders. */
  tick(folders: readonly string[], now: number): void {
    for (const folder of folders) {
      const log = path.join(folder, 'log');
      const size = existsSync(log) ? statSync(log).size : 0;
      const before = this.sizes.get(folder) ?? lastOffset(folder);
      if (size > before)
        appendFileSync(path.join(folder, 'log.marks'), `${before} ${now}\n`, { mode: 0o600 });
      this.sizes.set(folder, size);
      if (size > maxLogBytes) {
        truncateSync(log, 0);
        truncateSync(path.join(folder, 'log.marks'), 0);
        this.sizes.set(folder, 0);
      }
    }
    for (const folder of this.sizes.keys()) if (!folders.includes(folder)) this.sizes.delete(folder);
  }
}

export function readMarks(folder: string): LogMark[] {
  const file = path.join(folder, 'log.marks');
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [offset = 0, time = 0] = line.split(' ').map(Number);
      return { offset, time };
    });
}

function lastOffset(folder: string): number {
  return readMarks(folder).length > 0 ? statSync(path.join(folder, 'log')).size : 0;
}
