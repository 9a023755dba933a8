import { isObject, type JsonObject } from '../json.js';
import type { KubeObject } from '../kube-object.js';
import { apiVersionOf, type ResourceType } from '../resources/resource-type.js';
import { applyDefaults } from '../schema/apply-defaults.js';
import { evaluateRules, hasRules } from '../schema/cel-rules.js';
import { prune } from '../schema/prune.js';
import { validate } from '../schema/validate.js';
import { badRequest, invalid, type StatusCause } from '../status-error.js';
import type { WriteOptions } from './api-context.js';
import { validateMetadata } from './validate-metadata.js';

/**
 * Turns a posted body into an object of the given type, in place: checks apiVersion and kind, removes unknown fields
 * (or refuses them in strict mode), fills in schema defaults. Types of built-in kinds are checked here (400), those of
 * custom kinds in `validateObject` (422), as a real API server does it.
 */
export function decodeObject(type: ResourceType, body: JsonObject, options: WriteOptions): KubeObject {
  const apiVersion = apiVersionOf(type);
  body['apiVersion'] ??= apiVersion;
  body['kind'] ??= type.kind;
  if (body['apiVersion'] !== apiVersion || body['kind'] !== type.kind) {
    throw badRequest(
      `${type.kind} in version "${type.version}" cannot be handled as a ${type.kind}: the body is ` +
        `${String(body['apiVersion'])} ${String(body['kind'])}, expected ${apiVersion} ${type.kind}`,
    );
  }
  if (body['metadata'] === null || body['metadata'] === undefined) body['metadata'] = {};
  if (!isObject(body['metadata'])) throw badRequest('metadata must be an object');
  const schema = type.schema();
  if (schema) {
    const unknown: string[] = [];
    prune(body, schema, '', unknown);
    reportUnknown(type, unknown, options);
    if (!type.custom) checkTypes(type, body);
    applyDefaults(body, schema);
  }
  if (!isKubeObject(body)) throw badRequest('metadata must be an object');
  dropEmpty(body.metadata);
  return body;
}

/** The API has no empty labels, only none at all. */
function dropEmpty(metadata: KubeObject['metadata']): void {
  for (const field of ['labels', 'annotations', 'finalizers', 'ownerReferences'] as const) {
    const value = metadata[field];
    if (value === null || (value !== undefined && Object.keys(value).length === 0)) delete metadata[field];
  }
}

function isKubeObject(body: JsonObject): body is KubeObject {
  return isObject(body['metadata']);
}

function reportUnknown(type: ResourceType, unknown: string[], options: WriteOptions): void {
  if (unknown.length === 0 || options.fieldValidation === 'Ignore') return;
  const messages = unknown.map((path) => `unknown field "${path}"`);
  if (options.fieldValidation === 'Strict') {
    throw badRequest(
      `${type.kind} in version "${type.version}" cannot be handled as a ${type.kind}: strict decoding error: ${messages.join(', ')}`,
    );
  }
  options.warnings.push(...messages);
}

function checkTypes(type: ResourceType, body: JsonObject): void {
  const causes: StatusCause[] = [];
  validate(body, type.schema()!, '', causes);
  const wrong = causes.find((cause) => cause.reason === 'FieldValueTypeInvalid');
  if (!wrong) return;
  throw badRequest(
    `${type.kind} in version "${type.version}" cannot be handled as a ${type.kind}: json: cannot unmarshal field ` +
      `${wrong.field}: ${wrong.message}`,
  );
}

/** Throws StatusError 422 with every fault of a complete object. */
export function validateObject(type: ResourceType, object: KubeObject, old: KubeObject | undefined): void {
  const causes: StatusCause[] = [];
  validateMetadata(type, object, old, causes);
  const schema = type.schema();
  if (schema) {
    validate(object, schema, '', causes, old);
    if (type.custom && causes.length === 0 && hasRules(schema))
      evaluateRules(object, old, schema, '', causes);
  }
  type.strategy.validate?.(object, old, causes);
  if (causes.length > 0) throw invalid(type.group, type.kind, object.metadata.name, dedupe(causes));
}

function dedupe(causes: StatusCause[]): StatusCause[] {
  const seen = new Set<string>();
  return causes.filter((cause) => {
    const identity = `${cause.field}\u0000${cause.message}`;
    if (seen.has(identity)) return false;
    seen.add(identity);
    return true;
  });
}
