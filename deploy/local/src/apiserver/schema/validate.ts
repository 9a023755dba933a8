import { equalJson, isObject } from '../json.js';
import type { StatusCause } from '../status-error.js';
import { memberSchema, type SchemaNode } from './schema-node.js';
import { checkFormat } from './formats.js';
import { compilePattern } from './pattern.js';

const show = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? Array.isArray(value)
      ? '"array"'
      : '"object"'
    : JSON.stringify(value);

export const invalidValue = (field: string, value: unknown, message: string): StatusCause => ({
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${show(value)}: ${message}`,
  field: field || '<nil>',
});

export const requiredValue = (field: string, message = ''): StatusCause => ({
  reason: 'FieldValueRequired',
  message: message ? `Required value: ${message}` : 'Required value',
  field,
});

export function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

/** True when `value` has the JSON type that the schema asks for. */
export function hasType(value: unknown, schema: SchemaNode): boolean {
  if (schema['x-kubernetes-int-or-string']) return typeof value === 'string' || Number.isInteger(value);
  if (!schema.type) return true;
  const actual = typeName(value);
  return actual === schema.type || (schema.type === 'number' && actual === 'integer');
}

/**
 * Checks types, bounds, patterns, enums and required members; adds one cause per fault, with its field path. Members
 * that are the very objects of `old`, the stored value, were checked when that was written.
 */
export function validate(
  value: unknown,
  schema: SchemaNode,
  path: string,
  causes: StatusCause[],
  old?: unknown,
): void {
  if (value === old && isObject(value)) return;
  if (value === null) {
    if (schema.nullable || (!schema.type && !schema['x-kubernetes-int-or-string'])) return;
    causes.push(typeFault(path, value, schema));
    return;
  }
  if (!hasType(value, schema)) {
    causes.push(typeFault(path, value, schema));
    return;
  }
  if (typeof value === 'string') validateString(value, schema, path, causes);
  else if (typeof value === 'number') validateNumber(value, schema, path, causes);
  else if (Array.isArray(value)) validateList(value, schema, path, causes);
  else if (isObject(value)) validateMembers(value, schema, path, causes, isObject(old) ? old : {});
  if (schema.enum && !schema.enum.some((allowed) => equalJson(allowed, value))) {
    const supported = schema.enum.map((allowed) => JSON.stringify(allowed)).join(', ');
    causes.push({
      reason: 'FieldValueNotSupported',
      message: `Unsupported value: ${show(value)}: supported values: ${supported}`,
      field: path,
    });
  }
  validateCombinations(value, schema, path, causes);
}

function typeFault(path: string, value: unknown, schema: SchemaNode): StatusCause {
  const wanted = schema['x-kubernetes-int-or-string'] ? 'integer or string' : (schema.type ?? 'any');
  const cause = invalidValue(
    path,
    typeName(value),
    `${path} in body must be of type ${wanted}: "${typeName(value)}"`,
  );
  return { ...cause, reason: 'FieldValueTypeInvalid' };
}

function validateString(value: string, schema: SchemaNode, path: string, causes: StatusCause[]): void {
  const length =
    schema.minLength !== undefined || schema.maxLength !== undefined ? Array.from(value).length : 0;
  if (schema.minLength !== undefined && length < schema.minLength) {
    causes.push(
      invalidValue(path, value, `${path} in body should be at least ${schema.minLength} chars long`),
    );
  }
  if (schema.maxLength !== undefined && length > schema.maxLength) {
    causes.push({
      reason: 'FieldValueTooLong',
      message: `Too long: may not be more than ${schema.maxLength} bytes`,
      field: path,
    });
  }
  if (schema.pattern !== undefined && !compilePattern(schema.pattern).test(value)) {
    causes.push(invalidValue(path, value, `${path} in body should match '${schema.pattern}'`));
  }
  if (schema.format && !checkFormat(schema.format, value)) {
    causes.push(
      invalidValue(path, value, `${path} in body must be of type ${schema.format}: ${JSON.stringify(value)}`),
    );
  }
}

function validateNumber(value: number, schema: SchemaNode, path: string, causes: StatusCause[]): void {
  const { minimum, maximum, multipleOf } = schema;
  if (minimum !== undefined && (schema.exclusiveMinimum ? value <= minimum : value < minimum)) {
    const word = schema.exclusiveMinimum ? 'greater than' : 'greater than or equal to';
    causes.push(invalidValue(path, value, `${path} in body should be ${word} ${minimum}`));
  }
  if (maximum !== undefined && (schema.exclusiveMaximum ? value >= maximum : value > maximum)) {
    const word = schema.exclusiveMaximum ? 'less than' : 'less than or equal to';
    causes.push(invalidValue(path, value, `${path} in body should be ${word} ${maximum}`));
  }
  if (multipleOf !== undefined && Math.abs(value / multipleOf - Math.round(value / multipleOf)) > 1e-9) {
    causes.push(invalidValue(path, value, `${path} in body should be a multiple of ${multipleOf}`));
  }
}

function validateList(value: unknown[], schema: SchemaNode, path: string, causes: StatusCause[]): void {
  if (schema.minItems !== undefined && value.length < schema.minItems) {
    causes.push(
      invalidValue(path, value.length, `${path} in body should have at least ${schema.minItems} items`),
    );
  }
  if (schema.maxItems !== undefined && value.length > schema.maxItems) {
    causes.push({
      reason: 'FieldValueTooMany',
      message: `Too many: ${value.length}: must have at most ${schema.maxItems} items`,
      field: path,
    });
    return;
  }
  if (schema.items) {
    for (const [index, item] of value.entries()) validate(item, schema.items, `${path}[${index}]`, causes);
  }
  validateUnique(value, schema, path, causes);
}

function validateUnique(value: unknown[], schema: SchemaNode, path: string, causes: StatusCause[]): void {
  const kind = schema['x-kubernetes-list-type'];
  if (kind !== 'map' && kind !== 'set' && !schema.uniqueItems) return;
  const keys = kind === 'map' ? (schema['x-kubernetes-list-map-keys'] ?? []) : undefined;
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    const identity = keys ? keys.map((key) => (isObject(item) ? item[key] : undefined)) : item;
    const text = JSON.stringify(identity);
    if (seen.has(text)) {
      const shown = keys
        ? JSON.stringify(Object.fromEntries(keys.map((key) => [key, isObject(item) ? item[key] : null])))
        : text;
      causes.push({
        reason: 'FieldValueDuplicate',
        message: `Duplicate value: ${shown}`,
        field: `${path}[${index}]`,
      });
    }
    seen.add(text);
  }
}

function validateMembers(
  value: Record<string, unknown>,
  schema: SchemaNode,
  path: string,
  causes: StatusCause[],
  old: Record<string, unknown>,
): void {
  const count = Object.keys(value).length;
  if (schema.minProperties !== undefined && count < schema.minProperties) {
    causes.push(
      invalidValue(path, value, `${path} in body should have at least ${schema.minProperties} properties`),
    );
  }
  if (schema.maxProperties !== undefined && count > schema.maxProperties) {
    causes.push({
      reason: 'FieldValueTooMany',
      message: `Too many: ${count}: must have at most ${schema.maxProperties} items`,
      field: path,
    });
  }
  for (const name of schema.required ?? []) {
    if (value[name] === undefined) causes.push(requiredValue(path ? `${path}.${name}` : name));
  }
  for (const key in value) {
    const child = memberSchema(schema, key);
    const member = value[key];
    if (child && member !== undefined)
      validate(member, child, path ? `${path}.${key}` : key, causes, old[key]);
  }
}

function validateCombinations(value: unknown, schema: SchemaNode, path: string, causes: StatusCause[]): void {
  for (const part of schema.allOf ?? []) validate(value, part, path, causes);
  const matches = (part: SchemaNode): boolean => {
    const faults: StatusCause[] = [];
    validate(value, part, path, faults);
    return faults.length === 0;
  };
  if (schema.anyOf && !schema['x-kubernetes-int-or-string'] && !schema.anyOf.some(matches)) {
    causes.push(
      invalidValue(path, value, `${path || 'body'} in body must validate at least one schema (anyOf)`),
    );
  }
  if (schema.oneOf && schema.oneOf.filter(matches).length !== 1) {
    causes.push(
      invalidValue(path, value, `${path || 'body'} in body must validate one and only one schema (oneOf)`),
    );
  }
  if (schema.not && matches(schema.not)) {
    causes.push(invalidValue(path, value, `${path || 'body'} in body must not validate the schema (not)`));
  }
}
