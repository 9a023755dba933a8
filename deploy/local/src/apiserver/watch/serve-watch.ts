import type { ServerResponse } from 'node:http';
import type { ApiContext } from '../crud/api-context.js';
import { parseRevision } from '../crud/list-objects.js';
import { compileSelectors, type Predicate } from '../crud/selectors.js';
import type { Encoding } from '../http/negotiate.js';
import type { KubeObject } from '../kube-object.js';
import type { ResourceType } from '../resources/resource-type.js';
import type { StoreEvent } from '../storage/event-log.js';
import { badRequest, expired } from '../status-error.js';
import type { IncludeObject } from '../table/table.js';
import { bookmarkLine, errorLine, eventLine, objectLine, type LineForm } from './event-lines.js';
import { LineWriter } from './line-writer.js';
import type { WatchHub } from './watch-hub.js';

export interface WatchRequest {
  type: ResourceType;
  /** undefined: all namespaces. */
  namespace: string | undefined;
  query: URLSearchParams;
  encoding: Encoding;
  include: IncludeObject;
  /** Seconds between bookmarks for clients that ask for them. */
  bookmarkSeconds: number;
}

/**
 * Streams changes until the timeout, a disconnect or shutdown. Without a resourceVersion (or with 0) the present
 * objects come first as ADDED. A revision that is forgotten, or that this server has not reached (it was restarted
 * without its data), gets an ERROR event with 410, upon which clients list again.
 */
export function serveWatch(
  context: ApiContext,
  hub: WatchHub,
  request: WatchRequest,
  response: ServerResponse,
): void {
  const { type, namespace, query } = request;
  const matches =
    compileSelectors(type, query.get('labelSelector'), query.get('fieldSelector')) ?? (() => true);
  const form: LineForm = { type, encoding: request.encoding, include: request.include, now: context.now };
  const start = startOf(context, request);
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
  response.flushHeaders();
  const writer = new LineWriter(response);
  const inScope = (object: KubeObject): boolean =>
    namespace === undefined || object.metadata.namespace === namespace;

  if (start.error) {
    writer.write(errorLine(start.error));
    writer.flush();
    response.end();
    return;
  }
  const deliver = (event: StoreEvent): void => {
    if (inScope(event.object)) writeEvent(writer, form, event, matches);
  };
  for (const object of start.present) {
    if (inScope(object) && matches(object)) writer.write(objectLine(form, 'ADDED', object));
  }
  for (const event of start.missed) deliver(event);
  if (query.get('sendInitialEvents') === 'true') {
    writer.write(bookmarkLine(form, context.store.revision, { 'k8s.io/initial-events-end': 'true' }));
  }
  writer.flush();

  const unsubscribe = context.store.subscribe(type.bucket, deliver);
  const leave = hub.add({ bucket: type.bucket, response });
  const { log } = context.store.bucket(type.bucket);
  // As a real API server, which has nothing to mark before the first event of a resource since its start.
  const bookmark = (): void => {
    if (log.hasChanged) writer.write(bookmarkLine(form, context.store.revision));
  };
  const wantsBookmarks = query.get('allowWatchBookmarks') === 'true';
  const ticker = wantsBookmarks ? setInterval(bookmark, request.bookmarkSeconds * 1000) : undefined;
  const timeout = setTimeout(() => {
    if (wantsBookmarks) bookmark();
    writer.flush();
    response.end();
  }, timeoutOf(query));
  response.on('close', () => {
    unsubscribe();
    leave();
    clearInterval(ticker);
    clearTimeout(timeout);
    writer.stop();
  });
}

interface Start {
  present: readonly KubeObject[];
  missed: readonly StoreEvent[];
  error?: unknown;
}

function startOf(context: ApiContext, { type, query }: WatchRequest): Start {
  const bucket = context.store.bucket(type.bucket);
  const text = query.get('resourceVersion');
  const initial = query.get('sendInitialEvents');
  if (initial === 'true' && query.get('resourceVersionMatch') !== 'NotOlderThan') {
    throw badRequest('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  }
  if (initial === 'true' || !text || text === '0') {
    return { present: initial === 'false' ? [] : bucket.list(undefined), missed: [] };
  }
  const revision = parseRevision(text);
  const missed = revision > context.store.revision ? undefined : bucket.log.since(revision);
  if (missed) return { present: [], missed };
  const status = expired(`too old resource version: ${revision} (${bucket.log.oldestRevision})`).toStatus();
  return { present: [], missed: [], error: status };
}

/** An object that starts or stops matching the selectors appears or disappears for this watcher. */
function writeEvent(writer: LineWriter, form: LineForm, event: StoreEvent, matches: Predicate): void {
  const now = event.type !== 'DELETED' && matches(event.object);
  const before = event.previous !== undefined && matches(event.previous);
  if (now) writer.write(eventLine(form, event, before ? 'MODIFIED' : 'ADDED', event.object));
  else if (before) writer.write(eventLine(form, event, 'DELETED', event.object));
}

/** Milliseconds until the server ends the stream; by default half an hour to an hour, as a real API server does. */
function timeoutOf(query: URLSearchParams): number {
  const seconds = Number(query.get('timeoutSeconds') ?? '0');
  return seconds > 0 ? Math.min(seconds, 86_400) * 1000 : (1800 + Math.random() * 1800) * 1000;
}
