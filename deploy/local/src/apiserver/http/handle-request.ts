import { messageOf } from '../../errors.js';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { User } from '../auth/user.js';
import { answerReview } from '../auth/answer-review.js';
import { reviewResources } from '../auth/review-resources.js';
import { serveDiscovery } from '../discovery/serve-discovery.js';
import { serveFaults } from '../faults/serve-faults.js';
import { serveOpenApi } from '../openapi/serve-openapi.js';
import { methodNotAllowed, noSuchPath, StatusError } from '../status-error.js';
import type { ApiServer } from './api-server.js';
import { mediaType, parseObject, readBody } from './body.js';
import { handleResource } from './handle-resource.js';
import { parseResourcePath, type ResourcePath } from './request-info.js';
import { sendError, sendJson, sendText } from './respond.js';

const healthPaths = /^\/(healthz|livez|readyz)(\/|$)/;

/** Answers one request; never throws. */
export async function handleRequest(
  server: ApiServer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    await route(server, request, response);
  } catch (error) {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (error instanceof StatusError) return sendError(response, error);
    console.error(error);
    sendError(
      response,
      new StatusError(500, 'InternalError', `Internal error occurred: ${messageOf(error)}`),
    );
  }
}

async function route(server: ApiServer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const path = url.pathname;
  if (healthPaths.test(path)) return sendText(response, 200, 'ok', 'text/plain; charset=utf-8');
  const user = impersonated(server, server.authenticator.authenticate(request), request);
  const method = request.method ?? 'GET';
  const target = parseResourcePath(path);
  if (target) {
    const watch = url.searchParams.get('watch');
    await server.faults.disturb(method, target.resource, watch === 'true' || watch === '1');
    authorize(server, user, method, target, url.searchParams);
    if (isReview(target)) return await serveReview(server, user, target, request, response);
    return await handleResource(server, { method, target, query: url.searchParams, user, request, response });
  }
  if (path.startsWith('/tuneyard/')) return await serveFaults(server, user, path, request, response);
  if (method !== 'GET') throw methodNotAllowed();
  if (serveDiscovery(server.registry, path, request.headers.accept, response)) return;
  if (serveOpenApi(server.registry, path, url.searchParams, request.headers.accept, response)) return;
  throw noSuchPath();
}

/** The user that an `Impersonate-User` header names, for those who may impersonate; otherwise the user itself. */
function impersonated(server: ApiServer, user: User, request: IncomingMessage): User {
  const name = request.headers['impersonate-user'];
  if (typeof name !== 'string' || !name) return user;
  const attributes = {
    verb: 'impersonate',
    group: '',
    resource: 'users',
    subresource: '',
    namespace: '',
    name,
  };
  if (!server.authorizer.decide(user, attributes).allowed) {
    throw new StatusError(
      403,
      'Forbidden',
      `users "${name}" is forbidden: User "${user.name}" cannot impersonate resource "users"`,
    );
  }
  const groups = [request.headers['impersonate-group'] ?? []].flat();
  return { name, groups: [...groups, 'system:authenticated'] };
}

function isReview(target: ResourcePath): boolean {
  return target.group === 'authentication.k8s.io' || target.group === 'authorization.k8s.io';
}

async function serveReview(
  server: ApiServer,
  user: User,
  target: ResourcePath,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const known = reviewResources.find(
    (type) => type.group === target.group && type.resource === target.resource,
  );
  if (!known || target.version !== 'v1') throw noSuchPath();
  if (request.method !== 'POST') throw methodNotAllowed();
  const body = parseObject(await readBody(request), mediaType(request.headers['content-type']));
  sendJson(response, 201, answerReview(server, user, known.kind, body));
}

const verbOfMethod: Record<string, string> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

export function verbOf(method: string, target: ResourcePath, query: URLSearchParams): string {
  if (method === 'DELETE' && target.name === undefined) return 'deletecollection';
  if (method !== 'GET' && method !== 'HEAD') return verbOfMethod[method] ?? method.toLowerCase();
  const watch = query.get('watch');
  if (watch === 'true' || watch === '1') return 'watch';
  return target.name === undefined ? 'list' : 'get';
}

function authorize(
  server: ApiServer,
  user: User,
  method: string,
  target: ResourcePath,
  query: URLSearchParams,
): void {
  if (target.group === 'authorization.k8s.io' && target.resource.startsWith('self')) return;
  if (target.group === 'authentication.k8s.io' && target.resource.startsWith('self')) return;
  const verb = verbOf(method, target, query);
  const decision = server.authorizer.decide(user, {
    verb,
    group: target.group,
    resource: target.resource,
    subresource: target.subresource ?? '',
    namespace: target.namespace ?? '',
    name: target.name ?? '',
  });
  if (decision.allowed) return;
  const subject = target.group ? `${target.resource}.${target.group}` : target.resource;
  const scope = target.namespace ? `in the namespace "${target.namespace}"` : 'at the cluster scope';
  throw new StatusError(
    403,
    'Forbidden',
    `${subject}${target.name ? ` "${target.name}"` : ''} is forbidden: User "${user.name}" cannot ${verb} resource ` +
      `"${target.resource}${target.subresource ? `/${target.subresource}` : ''}" in API group "${target.group}" ${scope}`,
    {
      ...(target.name ? { name: target.name } : {}),
      ...(target.group ? { group: target.group } : {}),
      kind: target.resource,
    },
  );
}
