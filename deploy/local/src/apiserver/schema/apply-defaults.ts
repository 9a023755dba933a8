import { cloneJson, isObject } from '../json.js';
import { memberSchema, type SchemaNode } from './schema-node.js';

/**
 * Fills in the schema's defaults, in place. A null where the schema is not nullable and has a default counts as
 * absent, as the Kubernetes API does it.
 */
export function applyDefaults(value: unknown, schema: SchemaNode): void {
  // Built-in kinds get their defaults from their strategies.
  if (schema.builtin) return;
  if (Array.isArray(value)) {
    if (schema.items) for (const item of value) applyDefaults(item, schema.items);
    return;
  }
  if (!isObject(value)) return;
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (property.default === undefined) continue;
    if (value[key] === undefined || (value[key] === null && !property.nullable)) {
      value[key] = cloneJson(property.default);
    }
  }
  for (const key in value) {
    const child = memberSchema(schema, key);
    if (child) applyDefaults(value[key], child);
  }
}
