import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { sendJson } from '../http/respond.js';
import type { ResourceRegistry } from '../resources/resource-registry.js';
import { StatusError } from '../status-error.js';
import { openApiV2 } from './openapi-v2.js';
import { openApiV3, openApiV3Paths } from './openapi-v3.js';

/** Answers /openapi/v2 and /openapi/v3; false when the path is something else. */
export function serveOpenApi(
  registry: ResourceRegistry,
  path: string,
  query: URLSearchParams,
  accept: string | undefined,
  response: ServerResponse,
): boolean {
  if (path === '/openapi/v2') {
    if (accept && !/json|\*\/\*/.test(accept)) {
      throw new StatusError(
        406,
        'NotAcceptable',
        'the OpenAPI v2 document is served as application/json only',
      );
    }
    sendJson(response, 200, openApiV2(registry));
    return true;
  }
  if (path === '/openapi/v3') {
    const paths = Object.fromEntries(
      openApiV3Paths(registry).map((entry) => [
        entry,
        { serverRelativeURL: `/openapi/v3/${entry}?hash=${hashOf(registry, entry)}` },
      ]),
    );
    sendJson(response, 200, { paths });
    return true;
  }
  if (!path.startsWith('/openapi/v3/')) return false;
  const document = openApiV3(registry, path.slice('/openapi/v3/'.length));
  if (!document) return false;
  if (query.has('hash')) response.setHeader('etag', `"${query.get('hash')?.replace(/[^\w-]/g, '') ?? ''}"`);
  sendJson(response, 200, document);
  return true;
}

/** kubectl keeps documents by this hash: it must change with the resources. */
function hashOf(registry: ResourceRegistry, entry: string): string {
  const text = JSON.stringify(openApiV3(registry, entry));
  return createHash('sha256').update(text).digest('hex').toUpperCase().slice(0, 32);
}
