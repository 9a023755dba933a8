import { arrayOr, cloneJson, equalJson, isObject, type JsonObject, objectOr } from '../json.js';
import { memberSchema, type SchemaNode } from '../schema/schema-node.js';
import { badRequest } from '../status-error.js';

/**
 * Strategic merge patch of Kubernetes: lists that have a merge key merge by it, and the directives `$patch: replace |
 * delete | merge`, `$retainKeys`, `$setElementOrder/…` and `$deleteFromPrimitiveList/…` are honoured. Works on a copy.
 */
export function applyStrategicMergePatch(
  target: JsonObject,
  patch: JsonObject,
  schema: SchemaNode | undefined,
): JsonObject {
  const directive = patch['$patch'];
  if (directive === 'replace') return stripDirectives(patch);
  if (directive === 'delete') return {};
  let result: JsonObject = { ...target };
  const retain = patch['$retainKeys'];
  if (Array.isArray(retain))
    result = Object.fromEntries(Object.entries(result).filter(([key]) => retain.includes(key)));
  for (const [key, value] of Object.entries(patch)) {
    if (key === '$patch' || key === '$retainKeys' || key === '__proto__') continue;
    if (key.startsWith('$setElementOrder/')) continue;
    if (key.startsWith('$deleteFromPrimitiveList/')) {
      const field = key.slice(key.indexOf('/') + 1);
      result[field] = arrayOr(result[field]).filter(
        (item) => !arrayOr(value).some((gone) => equalJson(gone, item)),
      );
      continue;
    }
    const child = memberSchema(schema, key);
    if (value === null) delete result[key];
    else if (isObject(value))
      result[key] = applyStrategicMergePatch(isObject(result[key]) ? result[key] : {}, value, child);
    else if (Array.isArray(value)) result[key] = mergeList(arrayOr(result[key]), value, child);
    else result[key] = value;
  }
  for (const [key, order] of Object.entries(patch)) {
    if (!key.startsWith('$setElementOrder/')) continue;
    const field = key.slice(key.indexOf('/') + 1);
    if (result[field] !== undefined)
      result[field] = reorder(arrayOr(result[field]), arrayOr(order), memberSchema(schema, field));
  }
  return result;
}

/** The one field that strategic merge uses, where server-side apply may use two. */
function mergeKeyOf(schema: SchemaNode | undefined): string | undefined {
  return schema?.['x-kubernetes-list-type'] === 'map' ? schema['x-kubernetes-list-map-keys']?.[0] : undefined;
}

function mergeList(live: unknown[], patch: unknown[], schema: SchemaNode | undefined): unknown[] {
  if (schema?.['x-kubernetes-list-type'] === 'set') {
    const added = patch.filter((item) => !live.some((known) => equalJson(known, item)));
    return [...live, ...added];
  }
  const key = mergeKeyOf(schema);
  if (!key) return cloneJson(patch);
  if (patch.some((item) => isObject(item) && item['$patch'] === 'replace')) {
    return patch
      .filter((item) => !(isObject(item) && item['$patch'] === 'replace'))
      .map((item) => cloneJson(item));
  }
  const result = [...live];
  for (const item of patch) {
    if (!isObject(item) || item[key] === undefined)
      throw badRequest(`map: does not contain declared merge key: ${key}`);
    const index = result.findIndex((known) => isObject(known) && known[key] === item[key]);
    if (item['$patch'] === 'delete') {
      if (index >= 0) result.splice(index, 1);
    } else if (index < 0) {
      result.push(stripDirectives(item));
    } else {
      result[index] = applyStrategicMergePatch(objectOr(result[index]), item, schema?.items);
    }
  }
  return result;
}

function reorder(items: unknown[], order: unknown[], schema: SchemaNode | undefined): unknown[] {
  const key = mergeKeyOf(schema);
  const identity = (item: unknown): unknown => (key && isObject(item) ? item[key] : item);
  const wanted = order.map(identity);
  const rank = (item: unknown): number => wanted.findIndex((value) => equalJson(value, identity(item)));
  const listed = items.filter((item) => rank(item) >= 0).sort((a, b) => rank(a) - rank(b));
  const others = items.filter((item) => rank(item) < 0);
  return [...listed, ...others];
}

function stripDirectives(value: JsonObject): JsonObject {
  const copy: JsonObject = {};
  for (const [key, member] of Object.entries(value)) {
    if (key.startsWith('$')) continue;
    copy[key] = isObject(member) ? stripDirectives(member) : cloneJson(member);
  }
  return copy;
}
