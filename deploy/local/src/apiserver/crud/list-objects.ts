import type { KubeObject } from '../kube-object.js';
import type { ResourceType } from '../resources/resource-type.js';
import { compareKeys, objectKey } from '../storage/bucket.js';
import { badRequest, expired, StatusError } from '../status-error.js';
import type { ApiContext } from './api-context.js';
import { compileSelectors } from './selectors.js';

export interface ListResult {
  /** Stored forms, in key order. */
  items: readonly KubeObject[];
  resourceVersion: string;
  continue?: string;
  remainingItemCount?: number;
}

interface Continuation {
  revision: number;
  after: string;
}

const readToken = (token: string): Continuation => {
  try {
    const parsed: { rv?: unknown; start?: unknown } = JSON.parse(
      Buffer.from(token, 'base64url').toString('utf8'),
    );
    if (typeof parsed.rv === 'number' && typeof parsed.start === 'string')
      return { revision: parsed.rv, after: parsed.start };
  } catch {
    // Falls through to the error below.
  }
  throw badRequest('continue key is not valid: malformed token');
};

const writeToken = ({ revision, after }: Continuation): string =>
  Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start: after })).toString('base64url');

/**
 * Lists objects by the rules of resourceVersion, resourceVersionMatch, limit and continue. Pages of one list show one
 * revision. Throws StatusError 400, 410 (the revision is forgotten) or 504 (it is in the future).
 */
export function listObjects(
  context: ApiContext,
  type: ResourceType,
  namespace: string | undefined,
  query: URLSearchParams,
): ListResult {
  const bucket = context.store.bucket(type.bucket);
  const limit = Number(query.get('limit') ?? '0') || 0;
  const token = query.get('continue');
  const continuation = token ? readToken(token) : undefined;
  const exact = exactRevision(context, query, continuation);
  const objects = exact === undefined ? bucket.list(namespace) : bucket.listAt(namespace, exact);
  if (!objects) {
    throw expired(
      continuation
        ? 'The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.'
        : `The resourceVersion for the provided list is too old: ${exact}`,
    );
  }
  const revision = exact ?? context.store.revision;
  const matches = compileSelectors(type, query.get('labelSelector'), query.get('fieldSelector'));
  const selected = matches ? objects.filter(matches) : objects;
  const start = continuation
    ? selected.findIndex((object) => compareKeys(objectKey(object), continuation.after) > 0)
    : 0;
  const rest = start < 0 ? [] : start === 0 ? selected : selected.slice(start);
  if (limit <= 0 || rest.length <= limit) return { items: rest, resourceVersion: String(revision) };
  const items = rest.slice(0, limit);
  return {
    items,
    resourceVersion: String(revision),
    continue: writeToken({ revision, after: objectKey(items.at(-1)!) }),
    ...(matches ? {} : { remainingItemCount: rest.length - limit }),
  };
}

function exactRevision(
  context: ApiContext,
  query: URLSearchParams,
  continuation: Continuation | undefined,
): number | undefined {
  if (continuation) return continuation.revision;
  const text = query.get('resourceVersion');
  const match = query.get('resourceVersionMatch');
  if (match && !text)
    throw badRequest('resourceVersionMatch is forbidden unless resourceVersion is provided');
  if (!text || text === '0') return undefined;
  const revision = parseRevision(text);
  if (revision > context.store.revision) {
    throw new StatusError(
      504,
      'Timeout',
      `Too large resource version: ${revision}, current: ${context.store.revision}`,
      {
        causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version', field: '' }],
        retryAfterSeconds: 1,
      },
    );
  }
  return match === 'Exact' ? revision : undefined;
}

/** A resourceVersion parameter as a number; throws StatusError 400. */
export function parseRevision(text: string): number {
  if (!/^\d{1,15}$/.test(text))
    throw badRequest(`Invalid value: "${text}": resourceVersion must be a number`);
  return Number(text);
}
