import { canonicalJson, isObject, type JsonObject } from '../json.js';
import { mapKeyDefaults } from '../schema/builtin-merge-keys.js';
import type { SchemaNode } from '../schema/schema-node.js';

/**
 * A set of field paths as a tree, in the terms of `fieldsV1`: children are keyed `f:name`, `k:{"name":"x"}` or
 * `v:"x"`; `owned` says that the path itself is in the set.
 */
export class FieldSet {
  owned = false;
  readonly children = new Map<string, FieldSet>();

  /** The set that a stored `fieldsV1` says; stored objects never change, so each is read once. Do not change it. */
  static fromStored(json: unknown): FieldSet {
    if (!isObject(json)) return new FieldSet();
    let set = stored.get(json);
    if (!set) stored.set(json, (set = FieldSet.fromJson(json)));
    return set;
  }

  static fromJson(json: unknown): FieldSet {
    const set = new FieldSet();
    if (!isObject(json)) return set;
    const keys = Object.keys(json);
    for (const key of keys) {
      if (key === '.') set.owned = true;
      else set.children.set(key, FieldSet.fromJson(json[key]));
    }
    if (keys.length === 0) set.owned = true;
    return set;
  }

  /** The fieldsV1 form. A root that is empty gives `{}`. */
  toJson(): JsonObject {
    const json: JsonObject = {};
    if (this.owned && this.children.size > 0) json['.'] = {};
    for (const key of [...this.children.keys()].sort()) json[key] = this.children.get(key)!.toJson();
    return json;
  }

  child(key: string): FieldSet {
    let child = this.children.get(key);
    if (!child) this.children.set(key, (child = new FieldSet()));
    return child;
  }

  get isEmpty(): boolean {
    if (this.owned) return false;
    for (const child of this.children.values()) if (!child.isEmpty) return false;
    return true;
  }

  equals(other: FieldSet): boolean {
    if (this.owned !== other.owned || this.children.size !== other.children.size) return false;
    for (const [key, child] of this.children) {
      const same = other.children.get(key);
      if (!same || !child.equals(same)) return false;
    }
    return true;
  }

  union(other: FieldSet | undefined): FieldSet {
    const result = new FieldSet();
    result.owned = this.owned || (other?.owned ?? false);
    for (const [key, child] of this.children) result.children.set(key, child.union(other?.children.get(key)));
    for (const [key, child] of other?.children ?? []) {
      if (!result.children.has(key)) result.children.set(key, child.union(undefined));
    }
    return result;
  }

  subtract(other: FieldSet | undefined): FieldSet {
    if (!other) return this;
    const result = new FieldSet();
    result.owned = this.owned && !other.owned;
    for (const [key, child] of this.children) {
      const rest = child.subtract(other.children.get(key));
      if (!rest.isEmpty) result.children.set(key, rest);
    }
    return result;
  }

  intersect(other: FieldSet | undefined): FieldSet {
    const result = new FieldSet();
    if (!other) return result;
    result.owned = this.owned && other.owned;
    for (const [key, child] of this.children) {
      const common = child.intersect(other.children.get(key));
      if (!common.isEmpty) result.children.set(key, common);
    }
    return result;
  }

  /** Every owned path, as Kubernetes prints it: `.spec.replicas`, `.spec.containers[name="x"].image`. */
  paths(prefix = ''): string[] {
    const result = this.owned && prefix ? [prefix] : [];
    for (const [key, child] of this.children) result.push(...child.paths(prefix + showElement(key)));
    return result;
  }
}

const stored = new WeakMap<JsonObject, FieldSet>();

function showElement(key: string): string {
  if (key.startsWith('f:')) return `.${key.slice(2)}`;
  if (key.startsWith('v:')) return `[=${key.slice(2)}]`;
  const parsed: unknown = JSON.parse(key.slice(2));
  const members = isObject(parsed) ? Object.entries(parsed) : [];
  return `[${members.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
}

/** How a value merges under its schema. Lists without a list type are atomic, maps without a map type granular. */
export function mergeKind(
  value: unknown,
  schema: SchemaNode | undefined,
): 'leaf' | 'object' | 'map-list' | 'set' {
  if (isObject(value)) return schema?.['x-kubernetes-map-type'] === 'atomic' ? 'leaf' : 'object';
  if (!Array.isArray(value)) return 'leaf';
  const kind = schema?.['x-kubernetes-list-type'];
  return kind === 'map' ? 'map-list' : kind === 'set' ? 'set' : 'leaf';
}

/** Path element of a list item: its keys, with the defaults of keys that may be left out. */
export function itemKey(item: unknown, schema: SchemaNode): string {
  const keys: JsonObject = {};
  for (const key of schema['x-kubernetes-list-map-keys'] ?? []) {
    const value = isObject(item) ? item[key] : undefined;
    const fallback = schema.items?.properties?.[key]?.default ?? mapKeyDefaults[key];
    if ((value ?? fallback) !== undefined) keys[key] = value ?? fallback;
  }
  return `k:${canonicalJson(keys)}`;
}

export function setItemKey(item: unknown): string {
  return `v:${canonicalJson(item)}`;
}
