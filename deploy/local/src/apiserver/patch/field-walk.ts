import { equalJson, isObject, arrayOr, objectOr } from '../json.js';
import { memberSchema, type SchemaNode } from '../schema/schema-node.js';
import { FieldSet, itemKey, mergeKind, setItemKey } from './field-set.js';

/**
 * Adds the fields of `value` to `set`. With `containers`, maps and lists that hold something are owned too (what an
 * Update that brings them owns); without, only leaves, empty containers and list items are (what an Apply owns).
 */
export function addFields(
  value: unknown,
  schema: SchemaNode | undefined,
  set: FieldSet,
  containers: boolean,
): void {
  switch (mergeKind(value, schema)) {
    case 'leaf':
      set.owned = true;
      return;
    case 'object': {
      const members = Object.entries(objectOr(value));
      if (containers || members.length === 0) set.owned = true;
      for (const [key, member] of members) {
        if (member !== undefined)
          addFields(member, memberSchema(schema, key), set.child(`f:${key}`), containers);
      }
      return;
    }
    case 'map-list': {
      const items = arrayOr(value);
      if (containers || items.length === 0) set.owned = true;
      for (const item of items) {
        const child = set.child(itemKey(item, schema!));
        child.owned = true;
        addFields(item, schema!.items, child, containers);
      }
      return;
    }
    case 'set': {
      const items = arrayOr(value);
      if (containers || items.length === 0) set.owned = true;
      for (const item of items) set.child(setItemKey(item)).owned = true;
    }
  }
}

export interface FieldDifference {
  /** Fields that are new or have another value. */
  changed: FieldSet;
  /** Fields that are gone. */
  removed: FieldSet;
}

/** Compares two values of one schema field by field. */
export function compareFields(
  before: unknown,
  after: unknown,
  schema: SchemaNode | undefined,
): FieldDifference {
  const difference = { changed: new FieldSet(), removed: new FieldSet() };
  compareInto(before, after, schema, difference.changed, difference.removed);
  return difference;
}

function compareInto(
  before: unknown,
  after: unknown,
  schema: SchemaNode | undefined,
  changed: FieldSet,
  removed: FieldSet,
): void {
  if (before === after) return;
  if (before === undefined) return addFields(after, schema, changed, true);
  if (after === undefined) return addFields(before, schema, removed, true);
  const kind = mergeKind(after, schema);
  if (kind === 'leaf' || mergeKind(before, schema) !== kind) {
    if (!equalJson(before, after)) changed.owned = true;
    return;
  }
  const old = membersByElement(before, schema, kind);
  const now = membersByElement(after, schema, kind);
  for (const [element, { value, schema: childSchema }] of now) {
    const previous = old.get(element)?.value;
    if (previous !== value) descend(element, previous, value, childSchema, changed, removed, kind);
  }
  for (const [element, { value, schema: childSchema }] of old) {
    if (!now.has(element)) descend(element, value, undefined, childSchema, changed, removed, kind);
  }
}

function descend(
  element: string,
  before: unknown,
  after: unknown,
  schema: SchemaNode | undefined,
  changed: FieldSet,
  removed: FieldSet,
  kind: string,
): void {
  const newChanged = new FieldSet();
  const newRemoved = new FieldSet();
  if (kind === 'set') {
    newChanged.owned = before === undefined;
    newRemoved.owned = after === undefined;
  } else {
    compareInto(before, after, schema, newChanged, newRemoved);
  }
  if (!newChanged.isEmpty) changed.children.set(element, newChanged);
  if (!newRemoved.isEmpty) removed.children.set(element, newRemoved);
}

interface Member {
  value: unknown;
  schema: SchemaNode | undefined;
}

/** Children of a container by path element. */
export function membersByElement(
  value: unknown,
  schema: SchemaNode | undefined,
  kind: string,
): Map<string, Member> {
  const result = new Map<string, Member>();
  if (kind === 'object' && isObject(value)) {
    for (const [key, member] of Object.entries(value)) {
      if (member !== undefined) result.set(`f:${key}`, { value: member, schema: memberSchema(schema, key) });
    }
  } else if (Array.isArray(value)) {
    for (const item of value as unknown[]) {
      const element = kind === 'map-list' ? itemKey(item, schema!) : setItemKey(item);
      result.set(element, { value: kind === 'set' ? canonicalSetItem(item) : item, schema: schema?.items });
    }
  }
  return result;
}

// Set items that are equal must compare as identical.
const canonicalSetItem = (item: unknown): unknown => (typeof item === 'object' ? JSON.stringify(item) : item);
