import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import path from 'node:path';
import { readMarks, type LogMark } from './log-clock.js';

export interface LogOptions {
  /** Only the last lines. */
  tailLines?: number;
  /** Only what was written after this time, milliseconds since the epoch. */
  since?: number;
  /** Put an RFC 3339 time before every line. */
  timestamps: boolean;
  /** At most so many bytes. */
  limitBytes?: number;
}

export interface LogPart {
  text: string;
  /** Offset in the log file after what was read. */
  end: number;
}

/** Bytes read at once. */
const chunkBytes = 1024 * 1024;

function readRange(file: string, from: number, to: number): Buffer {
  const length = Math.max(0, to - from);
  const bytes = Buffer.alloc(length);
  const handle = openSync(file, 'r');
  try {
    let done = 0;
    while (done < length) {
      const count = readSync(handle, bytes, done, Math.min(chunkBytes, length - done), from + done);
      if (count === 0) break;
      done += count;
    }
    return bytes.subarray(0, done);
  } finally {
    closeSync(handle);
  }
}

/** Offset at which the last `lines` lines begin. */
function tailOffset(file: string, size: number, lines: number): number {
  if (lines <= 0) return size;
  let position = size;
  let seen = 0;
  while (position > 0) {
    const start = Math.max(0, position - chunkBytes);
    const bytes = readRange(file, start, position);
    for (let index = bytes.length - 1; index >= 0; index -= 1) {
      if (bytes[index] !== 0x0a || start + index === size - 1) continue;
      seen += 1;
      if (seen === lines) return start + index + 1;
    }
    position = start;
  }
  return 0;
}

/** The part of a log that a request asks for. A folder without a log gives nothing. */
export function readLog(folder: string, options: LogOptions): LogPart {
  const file = path.join(folder, 'log');
  if (!existsSync(file)) return { text: '', end: 0 };
  const { size } = statSync(file);
  const marks = options.timestamps || options.since !== undefined ? readMarks(folder) : [];
  let start = options.tailLines === undefined ? 0 : tailOffset(file, size, options.tailLines);
  const { since } = options;
  if (since !== undefined) {
    const first = marks.find((mark) => mark.time >= since);
    start = Math.max(start, first ? first.offset : size);
  }
  const bytes = readRange(file, start, size);
  const text = stamp(bytes, start, marks, options.timestamps);
  const limited =
    options.limitBytes === undefined
      ? text
      : Buffer.from(text).subarray(0, options.limitBytes).toString('utf8');
  return { text: limited, end: size };
}

/** What was written after `from`. */
export function readMore(folder: string, from: number, timestamps: boolean): LogPart {
  const file = path.join(folder, 'log');
  if (!existsSync(file)) return { text: '', end: from };
  const { size } = statSync(file);
  // A log that has become shorter was emptied.
  const start = size < from ? 0 : from;
  if (size === start) return { text: '', end: size };
  const text = stamp(readRange(file, start, size), start, timestamps ? readMarks(folder) : [], timestamps);
  return { text, end: size };
}

function stamp(bytes: Buffer, start: number, marks: readonly LogMark[], timestamps: boolean): string {
  const text = bytes.toString('utf8');
  if (!timestamps) return text;
  let offset = start;
  return text
    .split(/(?<=\n)/)
    .filter(Boolean)
    .map((line) => {
      const mark = marks.findLast((candidate) => candidate.offset <= offset);
      offset += Buffer.byteLength(line);
      return `${new Date(mark?.time ?? Date.now()).toISOString().replace('Z', '000000Z')} ${line}`;
    })
    .join('');
}
