import { stringify } from 'yaml';
import { GROUP, API_VERSION } from '../api/index.js';
import type { KubeObject, Resource } from '../kube/index.js';
import { formatTable } from './display/format-table.js';

export const OUTPUT_FORMATS = ['table', 'wide', 'json', 'yaml', 'name'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** A table's column: its heading and what it says of an object; `undefined` is shown as `-`. */
export interface Column<T> {
  readonly heading: string;
  readonly value: (object: T) => string | number | undefined;
  /** Shown with `-o wide` only. */
  readonly wide?: boolean;
}

export interface PrintOptions<T> {
  readonly format: OutputFormat;
  readonly resource: Resource;
  readonly columns: readonly Column<T>[];
  /** Print the one object itself, not a list of one, as JSON and YAML. */
  readonly single?: boolean;
}

/** The objects as text for standard output, newline included. */
export function formatObjects<T extends KubeObject>(
  objects: readonly T[],
  { format, resource, columns, single }: PrintOptions<T>,
): string {
  // Objects of a list come without their kind.
  const whole = objects.map((object) => ({ apiVersion: API_VERSION, kind: resource.kind, ...object }));
  const value = single ? whole[0] : { apiVersion: 'v1', kind: 'List', items: whole };
  switch (format) {
    case 'json':
      return `${JSON.stringify(value, null, 2)}\n`;
    case 'yaml':
      return stringify(value);
    case 'name':
      return objects
        .map(({ metadata }) => `${resource.kind.toLowerCase()}.${GROUP}/${metadata.name}\n`)
        .join('');
    default: {
      const shown = columns.filter(({ wide }) => wide !== true || format === 'wide');
      return formatTable(
        shown.map(({ heading }) => heading),
        objects.map((object) => shown.map((column) => String(column.value(object) ?? '-'))),
      );
    }
  }
}
