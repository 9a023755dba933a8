import { isObject, type JsonObject } from '../json.js';
import { memberSchema, type SchemaNode } from './schema-node.js';

const typeMeta = new Set(['apiVersion', 'kind', 'metadata']);

/**
 * Removes what the schema does not know, in place, and lists its paths. Built-in kinds follow Go decoding: null means
 * absent, and numbers given for quantities become strings.
 */
export function prune(
  value: unknown,
  schema: SchemaNode,
  path: string,
  unknown: string[],
  isRoot = true,
): void {
  if (Array.isArray(value)) {
    const items = schema.items;
    if (!items) return;
    for (let index = 0; index < value.length; index += 1) {
      const item: unknown = value[index];
      if (items.format === 'quantity' && typeof item === 'number') value[index] = String(item);
      else prune(item, items, `${path}[${index}]`, unknown, false);
    }
    return;
  }
  if (!isObject(value) || schema['x-kubernetes-int-or-string']) return;
  for (const key of Object.keys(value)) pruneMember(value, key, schema, path, unknown, isRoot);
}

function pruneMember(
  value: JsonObject,
  key: string,
  schema: SchemaNode,
  path: string,
  unknown: string[],
  isRoot: boolean,
): void {
  const child = memberSchema(schema, key);
  const place = path ? `${path}.${key}` : key;
  if (!child) {
    if (schema['x-kubernetes-preserve-unknown-fields'] || schema.additionalProperties === true) return;
    if ((isRoot || schema['x-kubernetes-embedded-resource']) && typeMeta.has(key)) return;
    unknown.push(place);
    delete value[key];
    return;
  }
  const member = value[key];
  if (schema.builtin && member === null) {
    delete value[key];
    return;
  }
  if (child.format === 'quantity' && typeof member === 'number') value[key] = String(member);
  else if (typeof member === 'object' && member !== null) prune(member, child, place, unknown, false);
}
