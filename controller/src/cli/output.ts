import { stringify } from 'yaml';
import { GROUP, API_VERSION } from '../api/index.js';
import type { KubeObject, Resource } from '../kube/index.js';
import { formatTable } from './display/format-table.js';

export const OUTPUT_FORMATS = ['table', 'wide', 'json', 'yaml', 'name'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];
/** The formats for people. */
type TableFormat = 'table' | 'wide';

export const isTable = (format: OutputFormat): format is TableFormat =>
  format === 'table' || format === 'wide';

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
  readonly format: Exclude<OutputFormat, TableFormat>;
  readonly resource: Resource;
  /** Print the one object itself, not a list of one, as JSON and YAML. */
  readonly single?: boolean;
}

/** The objects for programs, newline included. */
export function formatObjects(
  objects: readonly KubeObject[],
  { format, resource, single }: ObjectsOptions,
): string {
  if (format === 'name')
    return objects
      .map(({ metadata }) => `${resource.kind.toLowerCase()}.${GROUP}/${metadata.name}\n`)
      .join('');
  // Objects of a list come without their kind.
  const whole = objects.map((object) => ({ apiVersion: API_VERSION, kind: resource.kind, ...object }));
  const value = single ? whole[0] : { apiVersion: 'v1', kind: 'List', items: whole };
  return format === 'json' ? `${JSON.stringify(value, null, 2)}\n` : stringify(value);
}
