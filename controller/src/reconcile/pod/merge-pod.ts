/** Which lists of a pod merge by which key of their items; others are replaced as a whole. */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  volumes: 'name',
  imagePullSecrets: 'name',
  hostAliases: 'ip',
  env: 'name',
  ports: 'containerPort',
  volumeMounts: 'mountPath',
  volumeDevices: 'devicePath',
};
/** Lists whose items are unions: an item keeps only the fields that the patch gives it. */
const REPLACED_ITEMS = new Set(['volumes']);

type Json = { readonly [field: string]: unknown };

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Strategic merge of a patch into a pod or a part of it, as Kubernetes does it. Directives are not known. Pure. */
export function mergePod<T extends object>(target: T, patch: object): T {
  const merged = { ...target } as Record<string, unknown>;
  for (const [field, value] of Object.entries(patch)) {
    const before = merged[field];
    if (value === undefined) continue;
    if (isObject(value)) merged[field] = mergePod(isObject(before) ? before : {}, value);
    else if (Array.isArray(value))
      merged[field] = mergeList(field, Array.isArray(before) ? before : [], value);
    else merged[field] = value;
  }
  return merged as T;
}

/** Items of the patch go into those of the same key, and new ones to the end. */
function mergeList(field: string, before: readonly unknown[], patch: readonly unknown[]): readonly unknown[] {
  const key = MERGE_KEYS[field];
  if (key === undefined) return patch;
  const merged = [...before];
  for (const item of patch) {
    if (!isObject(item)) continue;
    const at = merged.findIndex((known) => isObject(known) && known[key] === item[key]);
    const known = merged[at];
    if (!isObject(known)) merged.push(mergePod({}, item));
    else if (REPLACED_ITEMS.has(field)) merged[at] = mergePod(retain(known, item), item);
    else merged[at] = mergePod(known, item);
  }
  return merged;
}

const retain = (item: Json, patch: Json): Json =>
  Object.fromEntries(Object.entries(item).filter(([field]) => field in patch));
