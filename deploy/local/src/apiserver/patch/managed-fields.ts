import { cloneJson, isObject, type JsonObject, objectOr } from '../json.js';
import type { KubeObject, ManagedFieldsEntry } from '../kube-object.js';
import type { SchemaNode } from '../schema/schema-node.js';
import { StatusError } from '../status-error.js';
import { mergeApplied, removeFields } from './apply-merge.js';
import { FieldSet } from './field-set.js';
import { addFields, compareFields } from './field-walk.js';

/** Who writes, for field management. */
export interface FieldWriter {
  manager: string;
  operation: 'Apply' | 'Update';
  subresource: string | undefined;
  apiVersion: string;
  /** RFC 3339. */
  time: string;
}

const systemMeta = [
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'selfLink',
  'generateName',
];

/** The part of an object that managers can own. */
function ownable(object: JsonObject | undefined): JsonObject | undefined {
  if (!object) return undefined;
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = object;
  if (!isObject(metadata)) return rest;
  const meta: JsonObject = { ...metadata };
  for (const key of systemMeta) delete meta[key];
  return Object.keys(meta).length > 0 ? { metadata: meta, ...rest } : rest;
}

const isWriter = (entry: ManagedFieldsEntry, writer: FieldWriter): boolean =>
  entry.manager === writer.manager &&
  entry.operation === writer.operation &&
  (entry.subresource ?? undefined) === writer.subresource;

function entryOf(writer: FieldWriter, set: FieldSet): ManagedFieldsEntry {
  return {
    manager: writer.manager,
    operation: writer.operation,
    apiVersion: writer.apiVersion,
    time: writer.time,
    fieldsType: 'FieldsV1',
    fieldsV1: set.toJson(),
    ...(writer.subresource ? { subresource: writer.subresource } : {}),
  };
}

function withSet(entry: ManagedFieldsEntry, set: FieldSet): ManagedFieldsEntry | undefined {
  return set.isEmpty ? undefined : { ...entry, fieldsV1: set.toJson() };
}

/** managedFields after a create, replace or patch: the writer owns what it changed, others lose that. */
export function trackUpdate(
  before: KubeObject | undefined,
  after: KubeObject,
  schema: SchemaNode | undefined,
  writer: FieldWriter,
): ManagedFieldsEntry[] {
  const { changed, removed } = compareFields(ownable(before) ?? {}, ownable(after), schema);
  const known = before?.metadata.managedFields ?? [];
  if (changed.isEmpty && removed.isEmpty) return known;
  const gone = changed.union(removed);
  const result: ManagedFieldsEntry[] = [];
  let mine = changed;
  for (const entry of known) {
    const set = FieldSet.fromStored(entry.fieldsV1);
    if (isWriter(entry, writer)) {
      mine = set.subtract(removed).union(changed);
      continue;
    }
    const lost = set.intersect(gone);
    const kept = lost.isEmpty ? entry : withSet(entry, set.subtract(gone));
    if (kept) result.push(kept);
  }
  if (!mine.isEmpty) result.push(entryOf(writer, mine));
  return result;
}

export interface AppliedResult {
  object: JsonObject;
  managedFields: ManagedFieldsEntry[];
}

/**
 * Server-side apply: merges `applied` into `live`, removes what this manager applied before and no longer does.
 * Throws StatusError 409 with one cause per field when another manager owns a field with another value, unless forced.
 */
export function applyConfiguration(
  live: KubeObject | undefined,
  applied: JsonObject,
  schema: SchemaNode | undefined,
  writer: FieldWriter,
  force: boolean,
): AppliedResult {
  const known = live?.metadata.managedFields ?? [];
  const wanted = new FieldSet();
  addFields(ownable(applied) ?? {}, schema, wanted, false);
  wanted.owned = false;
  const others = known.filter((entry) => !isWriter(entry, writer));
  const otherSets = others.map((entry) => FieldSet.fromStored(entry.fieldsV1));
  let merged = objectOr(mergeApplied(live ?? {}, cloneJson(applied), schema));

  const taken = wanted.intersect(compareFields(ownable(live) ?? {}, ownable(merged), schema).changed);
  const conflicts = otherSets.map((set) => set.intersect(taken));
  if (!force && conflicts.some((set) => !set.isEmpty)) throw conflictError(others, conflicts);

  const mine = known.find((entry) => isWriter(entry, writer));
  if (mine) {
    let dropped = FieldSet.fromStored(mine.fieldsV1).subtract(wanted);
    for (const set of otherSets) dropped = withoutHeldBranches(dropped, set);
    dropped = withoutHeldBranches(dropped, wanted);
    if (!dropped.isEmpty) merged = objectOr(removeFields(merged, schema, dropped));
  }
  const kept = others.flatMap((entry, index) => {
    const lost = conflicts[index]!;
    const entryNow = lost.isEmpty ? entry : withSet(entry, otherSets[index]!.subtract(taken));
    return entryNow ? [entryNow] : [];
  });
  const unchanged = mine && FieldSet.fromStored(mine.fieldsV1).equals(wanted);
  const own = unchanged ? { ...mine, apiVersion: writer.apiVersion } : entryOf(writer, wanted);
  return { object: merged, managedFields: wanted.isEmpty ? kept : [...kept, own] };
}

/** Fields of `dropped` that nobody else holds; an item of which somebody holds a part stays as a whole. */
function withoutHeldBranches(dropped: FieldSet, held: FieldSet): FieldSet {
  const result = new FieldSet();
  result.owned = dropped.owned && held.isEmpty;
  for (const [key, child] of dropped.children) {
    const other = held.children.get(key);
    const rest = other ? withoutHeldBranches(child, other) : child;
    if (!rest.isEmpty) result.children.set(key, rest);
  }
  return result;
}

function conflictError(managers: ManagedFieldsEntry[], conflicts: FieldSet[]): StatusError {
  const causes = managers.flatMap((entry, index) => {
    const how =
      entry.operation === 'Update'
        ? ` using ${entry.apiVersion}${entry.time ? ` at ${entry.time}` : ''}`
        : '';
    const by = `conflict with "${entry.manager}"${entry.subresource ? ` with subresource "${entry.subresource}"` : ''}${how}`;
    return conflicts[index]!.paths().map((field) => ({ reason: 'FieldManagerConflict', message: by, field }));
  });
  const count = causes.length;
  const list = causes.map((cause) => `${cause.message}: ${cause.field}`);
  const message =
    count === 1
      ? `Apply failed with 1 conflict: ${list[0]}`
      : `Apply failed with ${count} conflicts: ${list.map((line) => `\n- ${line}`).join('')}`;
  return new StatusError(409, 'Conflict', message, { causes });
}
