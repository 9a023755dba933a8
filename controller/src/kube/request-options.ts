import type { Clock } from './clock.js';

/** What requests to the API server may say, and what lists and watches answer. */

export interface KubeClientOptions {
  /** Requests a second on average; 0 is no limit. @default 50 */
  readonly qps?: number;
  /** Requests at once. @default 100 */
  readonly burst?: number;
  /** Milliseconds until a request that is no watch is given up. @default 30000 */
  readonly requestTimeoutMs?: number | undefined;
  /** @default tuneyard-controller */
  readonly userAgent?: string;
  readonly clock?: Clock;
  /**
   * Told of every request that got an answer, and of those that did not (status 0). `resource` is the plural with the
   * subresource, such as `pods/status`; empty for a bare path.
   */
  readonly onRequest?: (verb: string, resource: string, status: number, seconds: number) => void;
}

export interface ListOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ObjectList<T> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string | undefined };
  readonly items: T[];
}

export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: T;
}

export interface WatchOptions extends ListOptions {
  /** The server ends the watch after about this long. */
  readonly timeoutSeconds: number;
  /** No bytes for this long, not even a bookmark, is a broken connection. */
  readonly stallMs: number;
}

export interface WriteOptions {
  readonly subresource?: string | undefined;
  readonly dryRun?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ApplyOptions extends WriteOptions {
  /** Owner of the fields of this concern. */
  readonly fieldManager: string;
  /** Take over fields of other managers instead of failing with a conflict. @default true */
  readonly force?: boolean;
}

export interface DeleteOptions {
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
  readonly gracePeriodSeconds?: number;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

export interface JsonPatchOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'test';
  /** JSON pointer. */
  readonly path: string;
  readonly value?: unknown;
}
