import { objectsOf, stringOr, type JsonObject, at } from '../json.js';
import type { ColumnDefinition } from '../resources/resource-type.js';
import { ageOf } from './human-duration.js';
import { evaluateJsonPath } from './json-path.js';

const nameColumn: ColumnDefinition = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name must be unique within a namespace.',
  priority: 0,
  cell: (object) => at(object, 'metadata', 'name'),
};

const ageColumn: ColumnDefinition = {
  name: 'Age',
  type: 'date',
  priority: 0,
  cell: (object, now) => ageOf(at(object, 'metadata', 'creationTimestamp'), now),
};

/** Columns of a custom kind from `additionalPrinterColumns`; without any: name and age. */
export function customColumns(definitions: unknown): ColumnDefinition[] {
  const columns = objectsOf(definitions).map(toColumn);
  return [nameColumn, ...(columns.length > 0 ? columns : [ageColumn])];
}

function toColumn(definition: JsonObject): ColumnDefinition {
  const path = stringOr(definition['jsonPath'], '');
  const type = stringOr(definition['type'], 'string');
  return {
    name: stringOr(definition['name'], ''),
    type,
    ...(typeof definition['format'] === 'string' ? { format: definition['format'] } : {}),
    ...(typeof definition['description'] === 'string' ? { description: definition['description'] } : {}),
    priority: typeof definition['priority'] === 'number' ? definition['priority'] : 0,
    cell: (object, now) => cellOf(evaluateJsonPath(path, object), type, now),
  };
}

function cellOf(values: unknown[], type: string, now: number): unknown {
  const value = values[0];
  if (value === undefined || value === null) return type === 'date' ? '<unknown>' : null;
  switch (type) {
    case 'date':
      return ageOf(value, now);
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    default:
      if (values.length > 1) return JSON.stringify(values);
      return typeof value === 'string' ? value : JSON.stringify(value);
  }
}
