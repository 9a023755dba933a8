import { isObject, type JsonObject, at, objectOr } from '../json.js';
import type { ResourceRegistry } from '../resources/resource-registry.js';
import { openApiV3, openApiV3Paths } from './openapi-v3.js';

/** OpenAPI v2 document of everything, derived from the v3 documents. */
export function openApiV2(registry: ResourceRegistry): JsonObject {
  const definitions: JsonObject = {};
  const paths: JsonObject = {};
  for (const entry of openApiV3Paths(registry)) {
    const document = openApiV3(registry, entry)!;
    const schemas = objectOr(at(document, 'components', 'schemas'));
    for (const [name, schema] of Object.entries(schemas)) {
      const known = definitions[name];
      const next = objectOr(convert(schema));
      definitions[name] = isObject(known) ? { ...known, ...next } : next;
    }
    for (const [path, item] of Object.entries(objectOr(document['paths'])))
      paths[path] = convertPath(objectOr(item));
  }
  return {
    swagger: '2.0',
    info: { title: 'Tuneyard local control plane', version: 'v1.32.4' },
    paths,
    definitions,
  };
}

/** v2 knows no oneOf, anyOf, nullable, and has its references elsewhere. */
function convert(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(convert);
  if (!isObject(value)) return value;
  const result: JsonObject = {};
  for (const [key, member] of Object.entries(value)) {
    if (key === 'oneOf' || key === 'anyOf' || key === 'not' || key === 'nullable') continue;
    if (key === '$ref' && typeof member === 'string')
      result[key] = member.replace('#/components/schemas/', '#/definitions/');
    else result[key] = convert(member);
  }
  if (Array.isArray(value['oneOf']) && !value['type'] && !value['properties']) result['type'] = 'string';
  return result;
}

function convertPath(item: JsonObject): JsonObject {
  const result: JsonObject = {};
  for (const [method, operation] of Object.entries(item)) {
    if (method === 'parameters') result[method] = parameters(operation);
    else if (isObject(operation)) result[method] = convertOperation(operation);
  }
  return result;
}

function convertOperation(operation: JsonObject): JsonObject {
  const { requestBody, responses: _responses, ...rest } = operation;
  const content =
    isObject(requestBody) && isObject(requestBody['content']) ? requestBody['content'] : undefined;
  const first = content && Object.values(content)[0];
  const body = isObject(first)
    ? [{ name: 'body', in: 'body', required: true, schema: convert(first['schema']) }]
    : [];
  return {
    ...rest,
    ...(content ? { consumes: Object.keys(content) } : {}),
    produces: ['application/json'],
    parameters: [...body, ...parameters(operation['parameters'])],
    responses: { '200': { description: 'OK' } },
  };
}

function parameters(list: unknown): JsonObject[] {
  if (!Array.isArray(list)) return [];
  return list
    .filter(isObject)
    .map(({ schema, ...rest }) => ({ ...rest, ...(isObject(schema) ? schema : {}) }));
}
