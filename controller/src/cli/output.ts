import { stringify } from 'yaml';
import { API_VERSION, FINE_TUNE_JOB_KIND, GROUP, type FineTuneJob } from '../api/index.js';
import type { KubeObject } from '../kube/index.js';
import { formatTable } from './display/index.js';

/** Formats of commands that list objects. */
export const LIST_FORMATS = ['table', 'wide', 'json', 'yaml', 'name'] as const;
export type ListFormat = (typeof LIST_FORMATS)[number];
/** Formats of commands that change one object: a sentence, or the object as it is then. */
export const CHANGE_FORMATS = ['text', 'json', 'yaml', 'name'] as const;
export type ChangeFormat = (typeof CHANGE_FORMATS)[number];
/** Formats of commands that report something that is no object of the cluster. */
export const REPORT_FORMATS = ['text', 'json', 'yaml'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/** Formats of commands that follow changes. */
export const WATCH_FORMATS = ['text', 'json'] as const;
export type WatchFormat = (typeof WATCH_FORMATS)[number];

type TableFormat = 'table' | 'wide';

export const isTable = (format: ListFormat): format is TableFormat => format === 'table' || format === 'wide';

/** A table's column: its heading and what it says of an object; `undefined` is shown as `-`. */
export interface Column<T> {
  readonly heading: string;
  readonly value: (object: T) => string | number | undefined;
  /** Shown with `-o wide` only. */
  readonly wide?: boolean;
}

/** The objects as a table, one a line, newline included. */
export function formatColumns<T>(
  objects: readonly T[],
  columns: readonly Column<T>[],
  format: TableFormat = 'table',
): string {
  const shown = columns.filter(({ wide }) => wide !== true || format === 'wide');
  return formatTable(
    shown.map(({ heading }) => heading),
    objects.map((object) => shown.map((column) => String(column.value(object) ?? '-'))),
  );
}

export interface ObjectsOptions {
  readonly format: 'json' | 'yaml' | 'name';
  /** Kind of the objects, which those of a list do not say themselves. */
  readonly kind: string;
  /** Print the one object itself, not a list of one, as JSON and YAML. */
  readonly single?: boolean;
}

/** The objects for programs, newline included. */
export function formatObjects(
  objects: readonly KubeObject[],
  { format, kind, single }: ObjectsOptions,
): string {
  const whole = objects.map((object) => ({ apiVersion: API_VERSION, ...object, kind: object.kind ?? kind }));
  if (format === 'name')
    return whole.map((object) => `${object.kind.toLowerCase()}.${GROUP}/${object.metadata.name}\n`).join('');
  return formatReport(single ? whole[0] : { apiVersion: 'v1', kind: 'List', items: whole }, format);
}

/** A value for programs, newline included. */
export function formatReport(value: unknown, format: 'json' | 'yaml'): string {
  return format === 'json' ? `${JSON.stringify(value, null, 2)}\n` : stringify(value);
}

/** Prints what was done to a job: the sentence, or the job as it is then. */
export function printChange(sentence: string, job: FineTuneJob, format: ChangeFormat): void {
  process.stdout.write(
    format === 'text'
      ? `${sentence}\n`
      : formatObjects([job], { format, kind: FINE_TUNE_JOB_KIND, single: true }),
  );
}
