import type { IncomingMessage, ServerResponse } from 'node:http';
import type { User } from '../auth/user.js';
import type { WriteOptions } from '../crud/api-context.js';
import { patchObject } from '../crud/patch-object.js';
import type { JsonObject } from '../json.js';
import type { KubeObject } from '../kube-object.js';
import type { ResourceType } from '../resources/resource-type.js';
import { badRequest } from '../status-error.js';
import type { IncludeObject } from '../table/table.js';
import type { ApiServer } from './api-server.js';
import { mediaType, parseBody, parseObject, readBody } from './body.js';
import { encodeObject } from './encode.js';
import { negotiate } from './negotiate.js';
import type { ResourcePath } from './request-info.js';
import { addWarnings, sendText } from './respond.js';

export interface ResourceRequest {
  method: string;
  target: ResourcePath;
  query: URLSearchParams;
  user: User;
  request: IncomingMessage;
  response: ServerResponse;
}

export const isTrue = (text: string | null): boolean => text === 'true' || text === '1';

export function includeOf(query: URLSearchParams): IncludeObject {
  const include = query.get('includeObject');
  return include === 'Object' || include === 'None' ? include : 'Metadata';
}

/** Write options from the query and headers; throws StatusError 400. */
export function writeOptions({ query, request, user }: ResourceRequest): WriteOptions {
  const dryRun = query.getAll('dryRun');
  if (dryRun.some((value) => value !== 'All'))
    throw badRequest(`Invalid value: ${JSON.stringify(dryRun)}: dryRun must be "All"`);
  const validation = query.get('fieldValidation') || 'Warn';
  if (validation !== 'Ignore' && validation !== 'Warn' && validation !== 'Strict') {
    throw badRequest(`fieldValidation must be Ignore, Warn or Strict, not "${validation}"`);
  }
  const agent = (request.headers['user-agent'] ?? 'unknown').split('/', 1)[0]!;
  return {
    manager: (query.get('fieldManager') || agent).slice(0, 128),
    dryRun: dryRun.length > 0,
    fieldValidation: validation,
    warnings: [],
    user,
  };
}

/** Sends one object; waits until the write is on disk where there is one. */
export async function sendObject(
  server: ApiServer,
  call: ResourceRequest,
  type: ResourceType,
  code: number,
  object: KubeObject,
  warnings: string[] = [],
): Promise<void> {
  if (call.method !== 'GET') await server.store.journal?.durable();
  addWarnings(call.response, warnings);
  const encoding = negotiate(call.request.headers.accept);
  sendText(call.response, code, encodeObject(type, object, encoding, includeOf(call.query), server.now()));
}

export async function bodyOf(call: ResourceRequest): Promise<JsonObject> {
  return parseObject(await readBody(call.request), mediaType(call.request.headers['content-type']));
}

/** Applies a PATCH to an object or its status and sends the result. */
export async function patch(
  server: ApiServer,
  call: ResourceRequest,
  type: ResourceType,
  namespace: string,
  name: string,
  subresource?: string,
): Promise<void> {
  const contentType = mediaType(call.request.headers['content-type']);
  const body = parseBody(await readBody(call.request), contentType);
  const options = writeOptions(call);
  const isApply = contentType === 'application/apply-patch+yaml';
  if (isApply && !call.query.get('fieldManager'))
    throw badRequest('fieldManager is required for apply patch');
  const force = isTrue(call.query.get('force'));
  const { object, created } = patchObject(
    server,
    type,
    namespace,
    name,
    { contentType, body, force, subresource },
    options,
  );
  await sendObject(server, call, type, created ? 201 : 200, object, options.warnings);
}
