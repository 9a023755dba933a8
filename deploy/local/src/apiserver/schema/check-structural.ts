import { messageOf } from '../../errors.js';
import type { StatusCause } from '../status-error.js';
import { checkRule } from './cel-rules.js';
import { compilePattern } from './pattern.js';
import type { SchemaNode } from './schema-node.js';
import { invalidValue, requiredValue } from './validate.js';

const maxDepth = 64;

/** Checks that a schema is structural and that every pattern and CEL rule in it can be used. */
export function checkStructural(schema: SchemaNode, path: string, causes: StatusCause[], depth = 0): void {
  if (depth > maxDepth) {
    causes.push(invalidValue(path, '', `schema is nested deeper than ${maxDepth} levels`));
    return;
  }
  if (
    !schema.type &&
    !schema['x-kubernetes-int-or-string'] &&
    !schema['x-kubernetes-preserve-unknown-fields']
  ) {
    causes.push(requiredValue(`${path}.type`, 'must not be empty for specified object fields'));
  }
  if (schema.pattern !== undefined) checkPattern(schema.pattern, path, causes);
  if (schema.properties && schema.additionalProperties) {
    causes.push({
      reason: 'FieldValueForbidden',
      message: 'Forbidden: additionalProperties and properties are mutual exclusive',
      field: `${path}.additionalProperties`,
    });
  }
  if (schema.type === 'array' && !schema.items)
    causes.push(requiredValue(`${path}.items`, 'must be specified'));
  if (schema['x-kubernetes-list-type'] === 'map' && !schema['x-kubernetes-list-map-keys']?.length) {
    causes.push(
      requiredValue(
        `${path}.x-kubernetes-list-map-keys`,
        'must not be empty if x-kubernetes-list-type is map',
      ),
    );
  }
  for (const [index, rule] of (schema['x-kubernetes-validations'] ?? []).entries()) {
    const fault = checkRule(rule);
    if (fault) causes.push(invalidValue(`${path}.x-kubernetes-validations[${index}].rule`, rule.rule, fault));
  }
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    if (depth === 0 && name === 'metadata') continue;
    checkStructural(child, `${path}.properties[${name}]`, causes, depth + 1);
  }
  if (schema.items) checkStructural(schema.items, `${path}.items`, causes, depth + 1);
  if (typeof schema.additionalProperties === 'object') {
    checkStructural(schema.additionalProperties, `${path}.additionalProperties`, causes, depth + 1);
  }
}

function checkPattern(pattern: string, path: string, causes: StatusCause[]): void {
  try {
    compilePattern(pattern);
  } catch (error) {
    causes.push(
      invalidValue(
        `${path}.pattern`,
        pattern,
        `must be a valid regular expression, but isn't: ${messageOf(error)}`,
      ),
    );
  }
}
