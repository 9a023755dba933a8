import { API_VERSION, FINE_TUNE_JOB_KIND, type FineTuneJob } from '../../api/index.js';
import type { CacheEvent } from '../../kube/index.js';
import { fitLine } from '../display/index.js';
import { changeLine } from './change-line.js';
import type { JobEvent } from './job-event.js';
import type { View } from './view.js';

const timestamp = () => new Date().toISOString().slice(11, 19);

/** A line for each change, for logs and pipes. */
export class LineView implements View {
  private readonly shown = new Map<string, string>();

  constructor(private readonly write: (line: string) => void) {}

  job({ type, key, object }: CacheEvent<FineTuneJob>): void {
    const line = type === 'deleted' ? `${key}  deleted` : changeLine(object);
    if (this.shown.get(key) === line) return;
    this.shown.set(key, line);
    this.print(line);
  }

  event({ type, reason, message, metadata }: JobEvent): void {
    const line = `event ${type ?? ''}  ${reason ?? ''}: ${message ?? ''}`;
    if (this.shown.get(metadata.name) === line) return;
    this.shown.set(metadata.name, line);
    this.print(line);
  }

  close(): void {
    this.shown.clear();
  }

  private print(line: string): void {
    this.write(`${timestamp()}  ${fitLine(line, Number.POSITIVE_INFINITY)}\n`);
  }
}

/** Each change of a job as a line of JSON: `{"type": "added" | "modified" | "deleted", "object": …}`. */
export class JsonView implements View {
  constructor(private readonly write: (line: string) => void) {}

  job({ type, object }: CacheEvent<FineTuneJob>): void {
    // Objects of a list come without their kind.
    const whole = { ...object, apiVersion: API_VERSION, kind: FINE_TUNE_JOB_KIND };
    this.write(`${JSON.stringify({ type, object: whole })}\n`);
  }

  event(): void {}

  close(): void {}
}
