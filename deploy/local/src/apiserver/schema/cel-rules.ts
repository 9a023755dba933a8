import { messageOf } from '../../errors.js';
import type { Environment, ParseResult } from '@marcbachmann/cel-js';
import { arrayOr, isObject } from '../json.js';
import type { StatusCause } from '../status-error.js';
import { createCelEnvironment } from './cel-environment.js';
import { toCel } from './cel-value.js';
import { memberSchema, type SchemaNode, type ValidationRule } from './schema-node.js';

let shared: Environment | undefined;
const programs = new Map<string, ParseResult>();

function environment(): Environment {
  shared ??= createCelEnvironment();
  return shared;
}

function program(expression: string): ParseResult {
  let parsed = programs.get(expression);
  if (!parsed) programs.set(expression, (parsed = environment().parse(expression)));
  return parsed;
}

const transitions = new WeakMap<ValidationRule, boolean>();

function usesOldSelf(rule: ValidationRule): boolean {
  let uses = transitions.get(rule);
  if (uses === undefined) transitions.set(rule, (uses = /\boldSelf\b/.test(rule.rule)));
  return uses;
}

/** Faults of a rule's own text (syntax, types, functions that are not there), or undefined when it can be used. */
export function checkRule(rule: ValidationRule): string | undefined {
  for (const [expression, wanted] of [
    [rule.rule, 'bool'],
    [rule.messageExpression, 'string'],
  ] as const) {
    if (expression === undefined) continue;
    const result = environment().check(expression);
    if (!result.valid)
      return `compilation failed: ${result.error?.message.split('\n')[0] ?? 'unknown error'}`;
    if (result.type !== wanted && result.type !== 'dyn')
      return `must evaluate to a ${wanted}, not ${result.type}`;
  }
  return undefined;
}

/**
 * Evaluates every rule of a schema on a value that is already valid by type. Rules that name `oldSelf` run only where
 * an old value can be found (properties, maps and lists with keys), as the Kubernetes API does it.
 */
export function evaluateRules(
  value: unknown,
  old: unknown,
  schema: SchemaNode,
  path: string,
  causes: StatusCause[],
  isRoot = true,
): void {
  if (value === null || value === undefined) return;
  // What the very same object was found to be when it was stored it still is; only a step from old to new is news.
  const isOld = value === old && typeof value === 'object';
  if (isOld && !hasTransitionRules(schema)) return;
  const all = schema['x-kubernetes-validations'];
  const rules = isOld ? all?.filter(usesOldSelf) : all;
  if (rules?.length) {
    const self = toCel(value, schema, isRoot);
    const oldSelf = old === undefined ? undefined : isOld ? self : toCel(old, schema, isRoot);
    for (const rule of rules) {
      const fault = evaluateRule(rule, self, oldSelf, value, path);
      if (fault) causes.push(fault);
    }
  }
  if (!hasRules(schema)) return;
  if (Array.isArray(value)) {
    const items = schema.items;
    if (!items) return;
    for (const [index, item] of value.entries()) {
      evaluateRules(item, oldItem(old, item, schema), items, `${path}[${index}]`, causes, false);
    }
  } else if (isObject(value)) {
    for (const key in value) {
      const child = memberSchema(schema, key);
      if (!child) continue;
      const oldChild = isObject(old) ? old[key] : undefined;
      evaluateRules(value[key], oldChild, child, path ? `${path}.${key}` : key, causes, false);
    }
  }
}

function evaluateRule(
  rule: ValidationRule,
  self: unknown,
  oldSelf: unknown,
  value: unknown,
  path: string,
): StatusCause | undefined {
  if (usesOldSelf(rule) && oldSelf === undefined && !rule.optionalOldSelf) return undefined;
  const context = { self, oldSelf };
  const field = rule.fieldPath ? `${path}${rule.fieldPath}`.replace(/^\./, '') : path;
  const shown =
    typeof value === 'object' ? (Array.isArray(value) ? '"array"' : '"object"') : JSON.stringify(value);
  const fault = (message: string): StatusCause => ({
    reason: rule.reason ?? 'FieldValueInvalid',
    message: `Invalid value: ${shown}: ${message}`,
    field: field || '<nil>',
  });
  try {
    if (program(rule.rule)(context) === true) return undefined;
  } catch (error) {
    return fault(`${rule.rule}: ${messageOf(error).split('\n')[0]}`);
  }
  return fault(ruleMessage(rule, context));
}

function ruleMessage(rule: ValidationRule, context: { self: unknown; oldSelf: unknown }): string {
  if (rule.messageExpression) {
    try {
      const text: unknown = program(rule.messageExpression)(context);
      if (typeof text === 'string' && text.trim()) return text;
    } catch {
      // The API falls back to the fixed message when the expression fails.
    }
  }
  return rule.message ?? `failed rule: ${rule.rule}`;
}

function oldItem(old: unknown, item: unknown, schema: SchemaNode): unknown {
  const keys = schema['x-kubernetes-list-map-keys'];
  if (schema['x-kubernetes-list-type'] !== 'map' || !keys || !isObject(item)) return undefined;
  return arrayOr(old).find(
    (candidate) => isObject(candidate) && keys.every((key) => candidate[key] === item[key]),
  );
}

/** True when the schema or anything below it has rules. */
export const hasRules = anywhere((schema) => (schema['x-kubernetes-validations']?.length ?? 0) > 0);

const hasTransitionRules = anywhere(
  (schema) => schema['x-kubernetes-validations']?.some(usesOldSelf) ?? false,
);

/** Whether something holds of a schema or anything below it; remembered per node. */
function anywhere(holds: (schema: SchemaNode) => boolean): (schema: SchemaNode) => boolean {
  const known = new WeakMap<SchemaNode, boolean>();
  const look = (schema: SchemaNode): boolean => {
    const before = known.get(schema);
    if (before !== undefined) return before;
    known.set(schema, false);
    const below = [
      ...Object.values(schema.properties ?? {}),
      ...(schema.items ? [schema.items] : []),
      ...(typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : []),
    ];
    const found = holds(schema) || below.some(look);
    known.set(schema, found);
    return found;
  };
  return look;
}
