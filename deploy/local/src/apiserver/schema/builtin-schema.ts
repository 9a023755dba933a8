import { readFileSync } from 'node:fs';
import { listKeysOf, structuralOverrides } from './builtin-merge-keys.js';
import type { SchemaNode } from './schema-node.js';

interface TypeTable {
  /** Description. */
  d: string;
  /** Names of required fields. */
  r: string[];
  /** Field name to [type, description]. */
  p: Record<string, [string, string]>;
}

let tables: Record<string, TypeTable> | undefined;
const nodes = new Map<string, SchemaNode>();

function readTables(): Record<string, TypeTable> {
  return JSON.parse(readFileSync(new URL('../../../data/builtin-types.json', import.meta.url), 'utf8'));
}

/** Component name in OpenAPI documents: the last part is what `kubectl explain` prints as the type. */
export function componentName(typeName: string): string {
  const bare = typeName.replace(
    /^(Core|Events|Authentication|Apiextensions|Discovery|Storage|Rbac)?V\d(?:beta\d)?/,
    '',
  );
  const group =
    /^(Core|Events|Authentication|Apiextensions|Discovery|Storage|Rbac)/.exec(typeName)?.[1]?.toLowerCase() ??
    'k8s';
  const version = /V\d(?:beta\d)?/.exec(typeName)?.[0].toLowerCase() ?? 'v1';
  return `io.k8s.${group}.${version}.${bare}`;
}

/** Schema graph of a built-in type such as `V1Pod`. Built on first use and kept. */
export function builtinSchema(typeName: string): SchemaNode {
  const known = nodes.get(typeName);
  if (known) return known;
  tables ??= readTables();
  const table = tables[typeName];
  if (!table) throw new Error(`No built-in type ${typeName} in data/builtin-types.json; run its generator.`);
  const properties: Record<string, SchemaNode> = {};
  const node: SchemaNode = {
    name: componentName(typeName),
    type: 'object',
    description: table.d,
    properties,
    builtin: true,
    ...(table.r.length > 0 ? { required: table.r } : {}),
    ...structuralOverrides(typeName),
  };
  nodes.set(typeName, node);
  for (const [field, [type, description]] of Object.entries(table.p)) {
    const child = fieldSchema(type);
    const described: SchemaNode = child.name ? child : { ...child, ...(description ? { description } : {}) };
    properties[field] = { ...described, ...listKeysOf(typeName, field) };
    if (child.name) properties[field] = child;
  }
  return node;
}

function fieldSchema(type: string): SchemaNode {
  if (type.startsWith('list:')) return { type: 'array', items: fieldSchema(type.slice(5)), builtin: true };
  if (type.startsWith('map:'))
    return { type: 'object', additionalProperties: fieldSchema(type.slice(4)), builtin: true };
  switch (type) {
    case 'string':
      return { type: 'string', builtin: true };
    case 'byte':
      return { type: 'string', format: 'byte', builtin: true };
    case 'time':
      return { type: 'string', format: 'date-time', builtin: true };
    case 'quantity':
      return { type: 'string', format: 'quantity', builtin: true };
    case 'integer':
      return { type: 'integer', builtin: true };
    case 'number':
      return { type: 'number', builtin: true };
    case 'boolean':
      return { type: 'boolean', builtin: true };
    case 'int-or-string':
      return { 'x-kubernetes-int-or-string': true, builtin: true };
    case 'any':
      return { 'x-kubernetes-preserve-unknown-fields': true, builtin: true };
    default:
      return builtinSchema(type);
  }
}
