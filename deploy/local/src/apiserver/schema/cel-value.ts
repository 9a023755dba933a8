import { isObject, type JsonObject } from '../json.js';
import { memberSchema, type SchemaNode } from './schema-node.js';

const reserved = new Set([
  'true',
  'false',
  'null',
  'in',
  'as',
  'break',
  'const',
  'continue',
  'else',
  'for',
  'function',
  'if',
  'import',
  'let',
  'loop',
  'package',
  'namespace',
  'return',
  'var',
  'void',
  'while',
]);

/** Property name as a CEL expression writes it, by the escaping rules of Kubernetes. */
export function celName(name: string): string {
  if (reserved.has(name)) return `__${name}__`;
  return name
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__');
}

/** JSON value as CEL sees it under a schema: integers as int, numbers as double, date-times as timestamps. */
export function toCel(value: unknown, schema: SchemaNode | undefined, isRoot = false): unknown {
  if (Array.isArray(value)) return value.map((item) => toCel(item, schema?.items));
  if (isObject(value)) return objectToCel(value, schema, isRoot);
  if (typeof value === 'number')
    return schema?.type === 'number' || !Number.isInteger(value) ? value : BigInt(value);
  if (typeof value === 'string' && (schema?.format === 'date-time' || schema?.format === 'date'))
    return new Date(value);
  return value;
}

function objectToCel(value: JsonObject, schema: SchemaNode | undefined, isRoot: boolean): JsonObject {
  const result: JsonObject = {};
  for (const key in value) {
    if (isRoot && key === 'metadata') {
      const metadata = isObject(value[key]) ? value[key] : {};
      result[key] = { name: metadata['name'] ?? '', generateName: metadata['generateName'] ?? '' };
      continue;
    }
    const isProperty = schema?.properties?.[key] !== undefined;
    result[isProperty ? celName(key) : key] = toCel(value[key], memberSchema(schema, key));
  }
  return result;
}
