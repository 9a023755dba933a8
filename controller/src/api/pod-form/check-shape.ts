import { nearest } from '../nearest.js';
import { FIELD_RULES, UNIQUE_KEYS } from './field-rules.js';
import { quantity } from './formats.js';
import { OBJECT_RULES } from './object-rules.js';
import { POD_TYPES } from './pod-types.js';

/** Told of each problem: where, and what is wrong there. */
export type Report = (path: string, problem: string) => void;

type Json = { readonly [field: string]: unknown };
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** How a value is shown: short, and on one line. */
const shown = (value: unknown) => {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
};

/**
 * Types all of whose fields the rules about rights name: what they do not know is theirs to judge, and may be of a newer
 * Kubernetes.
 */
const JUDGED_BY_RIGHTS = new Set([
  'V1PodSpec',
  'V1Container',
  'V1PodSecurityContext',
  'V1SecurityContext',
  'V1Capabilities',
  'V1SeccompProfile',
  'V1Volume',
  'V1ProjectedVolumeSource',
  'V1VolumeProjection',
  'V1VolumeMount',
  'V1ContainerPort',
  'V1EnvVar',
  'V1EnvFromSource',
  'V1Probe',
  'V1LifecycleHandler',
  'V1HTTPGetAction',
  'V1TCPSocketAction',
  'V1GRPCAction',
  'V1Lifecycle',
  'V1ResourceRequirements',
]);

const SCALARS: Readonly<Record<string, readonly [is: (value: unknown) => boolean, what: string]>> = {
  string: [(value) => typeof value === 'string', 'a text: put it in quotes'],
  boolean: [(value) => typeof value === 'boolean', 'true or false, without quotes'],
  integer: [Number.isSafeInteger, 'a whole number, without quotes'],
  number: [Number.isFinite, 'a number, without quotes'],
  'int-or-string': [
    (value) => typeof value === 'string' || Number.isSafeInteger(value),
    'a whole number or a name',
  ],
  quantity: [(value) => typeof value === 'string' || typeof value === 'number', 'a quantity such as 32Gi'],
};

/** Checks a value against a type of {@link POD_TYPES}. What is null or absent is not looked at. */
export function checkShape(value: unknown, type: string, path: string, report: Report): void {
  if (value === undefined || value === null || type === 'any') return;
  if (type.startsWith('list:')) {
    if (!Array.isArray(value)) return report(path, `is ${shown(value)}: write a list`);
    for (const [index, item] of value.entries())
      checkShape(item, type.slice('list:'.length), `${path}[${index}]`, report);
  } else if (type.startsWith('map:')) {
    if (!isObject(value)) return report(path, `is ${shown(value)}: write an object`);
    for (const [key, item] of Object.entries(value))
      checkShape(item, type.slice('map:'.length), `${path}.${key}`, report);
  } else if (SCALARS[type] === undefined) checkObject(value, type, path, report);
  else checkScalar(value, type, path, report);
}

function checkScalar(value: unknown, type: string, path: string, report: Report): void {
  const [is, what] = SCALARS[type] ?? [];
  if (is?.(value) === false) return report(path, `is ${shown(value)}: write ${what}`);
  if (type !== 'quantity') return;
  const problem = quantity(String(value));
  if (problem !== undefined) report(path, `${shown(value)} ${problem}`);
}

function checkObject(value: unknown, type: string, path: string, report: Report): void {
  if (!isObject(value)) return report(path, `is ${shown(value)}: write an object`);
  const fields = POD_TYPES[type] ?? {};
  for (const [name, item] of Object.entries(value)) {
    if (item === null || item === undefined) continue;
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    const at = `${path}.${name}`;
    if (field === undefined) {
      reportUnknown(name, type, at, report);
      continue;
    }
    checkShape(item, field.replace(/!$/, ''), at, report);
    const problem = FIELD_RULES[`${type}.${name}`]?.(item);
    if (problem !== undefined) report(at, `${shown(item)} ${problem}`);
    const key = UNIQUE_KEYS[`${type}.${name}`];
    if (key !== undefined) checkUnique(item, key, at, report);
  }
  // A patch of a pod names containers only where it changes them.
  for (const [name, field] of Object.entries(type === 'V1PodSpec' ? {} : fields))
    if (field.endsWith('!') && (value[name] ?? '') === '') report(`${path}.${name}`, 'is missing');
  for (const { field, problem } of OBJECT_RULES[type]?.(value) ?? [])
    report(field === '' ? path : `${path}.${field}`, problem);
}

function reportUnknown(name: string, type: string, path: string, report: Report): void {
  const fields = Object.keys(POD_TYPES[type] ?? {});
  const meant = nearest(name, fields);
  const isMisspelt =
    meant !== undefined && meant.slice(0, 2).toLowerCase() === name.slice(0, 2).toLowerCase();
  if (JUDGED_BY_RIGHTS.has(type) && !isMisspelt) return;
  report(path, `is no field of a pod${meant === undefined ? ': leave it out' : `: did you mean ${meant}?`}`);
}

/** Also over several lists, such as containers and init containers. */
export function checkUnique(
  items: unknown,
  key: string,
  path: string,
  report: Report,
  seen = new Map<unknown, string>(),
): void {
  if (!Array.isArray(items)) return;
  for (const [index, item] of items.entries()) {
    const value = isObject(item) ? item[key] : undefined;
    if (value === undefined || value === '') continue;
    const at = `${path}[${index}].${key}`;
    const first = seen.get(value);
    if (first === undefined) seen.set(value, at);
    else report(at, `${shown(value)} is the same as ${first}: give each its own`);
  }
}
