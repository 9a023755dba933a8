import { isObject, type JsonObject, arrayOr, objectOr } from '../json.js';
import { memberSchema, type SchemaNode } from '../schema/schema-node.js';
import { type FieldSet, itemKey, mergeKind, setItemKey } from './field-set.js';

/** What an applied configuration makes of the live value: it wins where it speaks, the rest stays. */
export function mergeApplied(live: unknown, applied: unknown, schema: SchemaNode | undefined): unknown {
  const kind = mergeKind(applied, schema);
  if (live === undefined || kind === 'leaf' || mergeKind(live, schema) !== kind) return applied;
  if (kind === 'object') {
    const result: JsonObject = { ...objectOr(live) };
    for (const [key, member] of Object.entries(objectOr(applied))) {
      result[key] = mergeApplied(result[key], member, memberSchema(schema, key));
    }
    return result;
  }
  const keyOf = kind === 'set' ? setItemKey : (item: unknown): string => itemKey(item, schema!);
  const wanted = new Map(arrayOr(applied).map((item) => [keyOf(item), item]));
  const result = arrayOr(live).map((item) => {
    const key = keyOf(item);
    if (!wanted.has(key)) return item;
    const merged = kind === 'set' ? item : mergeApplied(item, wanted.get(key), schema!.items);
    wanted.delete(key);
    return merged;
  });
  return [...result, ...wanted.values()];
}

/** The value without the fields of `set`; containers that become empty by it go too (undefined). */
export function removeFields(value: unknown, schema: SchemaNode | undefined, set: FieldSet): unknown {
  if (set.children.size === 0) return set.owned ? undefined : value;
  const kind = mergeKind(value, schema);
  if (kind === 'leaf') return value;
  if (kind === 'object' && isObject(value)) {
    const result: JsonObject = {};
    for (const [key, member] of Object.entries(value)) {
      const inner = set.children.get(`f:${key}`);
      const rest = inner ? removeFields(member, memberSchema(schema, key), inner) : member;
      if (rest !== undefined) result[key] = rest;
    }
    return Object.keys(result).length === 0 && Object.keys(value).length > 0 ? undefined : result;
  }
  const result: unknown[] = [];
  for (const item of arrayOr(value)) {
    const inner = set.children.get(kind === 'set' ? setItemKey(item) : itemKey(item, schema!));
    if (!inner) result.push(item);
    else if (!inner.owned) result.push(removeFields(item, schema!.items, inner) ?? {});
  }
  return result.length === 0 && arrayOr(value).length > 0 ? undefined : result;
}
