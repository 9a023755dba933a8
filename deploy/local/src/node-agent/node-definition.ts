import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { isObject, objectOr, objectsOf, stringOr, type JsonObject, textOf } from '../apiserver/json.js';
import { UserError, messageOf } from '../errors.js';

/** One simulated node. */
export interface NodeDefinition {
  name: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  taints?: { key: string; value?: string; effect: string }[];
  /** Quantities by resource name, e.g. `{ cpu: '8', memory: '32Gi', 'nvidia.com/gpu': '2' }`; pods default to 110. */
  capacity: Record<string, string>;
  /** Default: the capacity. */
  allocatable?: Record<string, string>;
  unschedulable?: boolean;
}

const wrongPlace = (place: string, what: string): UserError => new UserError(`${place}: ${what}`);

function texts(value: unknown, place: string): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw wrongPlace(place, 'must be a mapping of names to values.');
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (typeof item === 'object') throw wrongPlace(`${place}.${key}`, 'must be a plain value.');
      return [key, textOf(item)];
    }),
  );
}

function taintsOf(value: unknown): { key: string; value?: string; effect: string }[] {
  return objectsOf(value).map((taint) => ({
    key: stringOr(taint['key'], ''),
    ...(taint['value'] === undefined ? {} : { value: textOf(taint['value']) }),
    effect: stringOr(taint['effect'], 'NoSchedule'),
  }));
}

/** `kind: Node`, as `kubectl get node -o yaml` writes it. */
function fromNode(document: JsonObject, place: string): NodeDefinition {
  const metadata = objectOr(document['metadata']);
  const status = objectOr(document['status']);
  const spec = objectOr(document['spec']);
  const capacity = texts(status['capacity'], `${place}: status.capacity`);
  return {
    name: nameOf(metadata['name'], `${place}: metadata.name`),
    labels: texts(metadata['labels'], `${place}: metadata.labels`),
    annotations: texts(metadata['annotations'], `${place}: metadata.annotations`),
    taints: taintsOf(spec['taints']),
    capacity,
    allocatable: status['allocatable']
      ? texts(status['allocatable'], `${place}: status.allocatable`)
      : capacity,
    ...(spec['unschedulable'] === true ? { unschedulable: true } : {}),
  };
}

/** `kind: KWOKNodeProfile`: an instance type with its GPUs. */
function fromProfile(document: JsonObject, place: string): NodeDefinition {
  const metadata = objectOr(document['metadata']);
  const spec = objectOr(document['spec']);
  const resources = objectOr(spec['resources']);
  const gpu = objectOr(spec['gpu']);
  const count = Number(gpu['count'] ?? 0);
  return {
    name: nameOf(metadata['name'], `${place}: metadata.name`),
    labels: {
      ...texts(metadata['labels'], `${place}: metadata.labels`),
      'node.kubernetes.io/instance-type': stringOr(spec['instanceType'], 'simulated'),
      ...(count > 0
        ? {
            'nvidia.com/gpu.present': 'true',
            'nvidia.com/gpu.count': String(count),
            'nvidia.com/gpu.product': stringOr(gpu['product'], 'unknown'),
            'nvidia.com/gpu.memory': textOf(gpu['memory']),
          }
        : {}),
    },
    capacity: {
      cpu: textOf(resources['cpu']),
      memory: stringOr(resources['memory'], '8Gi'),
      'ephemeral-storage': stringOr(resources['storage'], '100Gi'),
      ...(count > 0 ? { 'nvidia.com/gpu': String(count) } : {}),
    },
  };
}

/** An entry of a `nodes:` list: name, labels, taints, capacity, and `count` for several of a kind. */
function fromShort(entry: JsonObject, place: string): NodeDefinition[] {
  const known = new Set([
    'name',
    'labels',
    'annotations',
    'taints',
    'capacity',
    'allocatable',
    'count',
    'unschedulable',
  ]);
  const stranger = Object.keys(entry).find((key) => !known.has(key));
  if (stranger) throw wrongPlace(place, `has no field "${stranger}"; known are ${[...known].join(', ')}.`);
  const name = nameOf(entry['name'], `${place}.name`);
  const count = entry['count'] ?? 1;
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 1 || count > 1000) {
    throw wrongPlace(`${place}.count`, 'must be a whole number from 1 to 1000.');
  }
  const definition: NodeDefinition = {
    name,
    labels: texts(entry['labels'], `${place}.labels`),
    annotations: texts(entry['annotations'], `${place}.annotations`),
    taints: taintsOf(entry['taints']),
    capacity: texts(entry['capacity'], `${place}.capacity`),
    ...(entry['allocatable'] ? { allocatable: texts(entry['allocatable'], `${place}.allocatable`) } : {}),
    ...(entry['unschedulable'] === true ? { unschedulable: true } : {}),
  };
  if (count === 1) return [definition];
  return Array.from({ length: count }, (_, index) => ({ ...definition, name: `${name}-${index}` }));
}

function nameOf(value: unknown, place: string): string {
  if (typeof value === 'string' && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(value)) return value;
  throw wrongPlace(
    place,
    `must be a node name (lower case letters, digits, "-" and "."), not ${JSON.stringify(value ?? null)}.`,
  );
}

/**
 * Reads node definitions from YAML text: Node objects, KWOKNodeProfiles, or `nodes: [{name, labels, taints, capacity,
 * count}]`; several documents are allowed. Throws UserError with the file and place.
 */
export function parseNodes(text: string, file: string): NodeDefinition[] {
  const result: NodeDefinition[] = [];
  for (const [index, document] of parseAllDocuments(text).entries()) {
    const fault = document.errors[0];
    if (fault)
      throw new UserError(`${file}:${fault.linePos?.[0].line ?? 1}: ${fault.message.split('\n')[0]}`);
    const value = document.toJS({ maxAliasCount: 100 }) as unknown;
    if (value === null || value === undefined) continue;
    const place = index === 0 ? file : `${file} (document ${index + 1})`;
    if (!isObject(value)) throw wrongPlace(place, 'must hold Node objects or a "nodes" list.');
    if (value['kind'] === 'Node') result.push(fromNode(value, place));
    else if (value['kind'] === 'KWOKNodeProfile') result.push(fromProfile(value, place));
    else if (Array.isArray(value['nodes'])) {
      for (const [at, entry] of value['nodes'].entries()) {
        if (!isObject(entry)) throw wrongPlace(`${place}: nodes[${at}]`, 'must be a mapping.');
        result.push(...fromShort(entry, `${place}: nodes[${at}]`));
      }
    } else throw wrongPlace(place, 'must hold Node objects (kind: Node) or a "nodes" list.');
  }
  const twice = result.find((node, index) => result.findIndex((other) => other.name === node.name) !== index);
  if (twice) throw new UserError(`${file}: node "${twice.name}" is defined twice.`);
  if (result.length === 0) throw new UserError(`${file}: defines no node.`);
  return result;
}

/** As parseNodes, from a file. */
export function readNodes(file: string): NodeDefinition[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`The node file ${file} cannot be read: ${messageOf(error)}`);
  }
  return parseNodes(text, file);
}
