import type { KubeObject } from '../kube-object.js';
import { Bucket } from './bucket.js';
import type { StoreEvent } from './event-log.js';
import { OwnerIndex } from './owner-index.js';

export interface StoreOptions {
  /** Changes remembered per resource for watches that resume; at least 1. Default 4096. */
  historyLength?: number;
}

/** Receives every change in revision order, synchronously after it is visible to readers. */
export type StoreListener = (event: StoreEvent) => void;

/** Takes a change before it is announced, e.g. to write it to disk. */
export interface Journal {
  record(event: StoreEvent): void;
  /** Resolves when everything recorded so far is on disk. */
  durable(): Promise<void>;
}

/**
 * All objects, in memory, under one revision counter. Every method is synchronous, so a read-modify-write inside one
 * turn of the event loop is atomic. Objects handed in are kept: callers must not change them afterwards.
 */
export class Store {
  private readonly buckets = new Map<string, Bucket>();
  private readonly listeners = new Map<string, Set<StoreListener>>();
  private currentRevision = 1;
  /** History starts after this revision: what came before a restore is unknown. */
  private baseRevision = 0;
  private readonly historyLength: number;
  readonly owners = new OwnerIndex();
  journal: Journal | undefined;

  constructor(options: StoreOptions = {}) {
    this.historyLength = Math.max(1, options.historyLength ?? 4096);
  }

  get revision(): number {
    return this.currentRevision;
  }

  bucket(key: string): Bucket {
    let bucket = this.buckets.get(key);
    if (!bucket) {
      bucket = new Bucket(key, this.historyLength, this.baseRevision);
      this.buckets.set(key, bucket);
    }
    return bucket;
  }

  bucketKeys(): string[] {
    return [...this.buckets.keys()];
  }

  /** Writes a new or changed object; its resourceVersion is set here. Returns the object as stored. */
  put(bucketKey: string, object: KubeObject): KubeObject {
    const bucket = this.bucket(bucketKey);
    const previous = bucket.get(object.metadata.namespace ?? '', object.metadata.name);
    const stored = this.withRevision(object);
    bucket.put(stored);
    this.owners.replace(bucketKey, previous, stored);
    this.announce(bucket, { type: previous ? 'MODIFIED' : 'ADDED', object: stored, previous });
    return stored;
  }

  /** Removes an object; returns its last state with the revision of the deletion, or undefined if there is none. */
  remove(bucketKey: string, namespace: string, name: string): KubeObject | undefined {
    const bucket = this.bucket(bucketKey);
    const previous = bucket.get(namespace, name);
    if (!previous) return undefined;
    bucket.remove(namespace, name);
    this.owners.replace(bucketKey, previous, undefined);
    const last = this.withRevision(previous);
    this.announce(bucket, { type: 'DELETED', object: last, previous });
    return last;
  }

  /** Listens to one bucket, or to all with '*'. Returns the function that stops it. */
  subscribe(bucketKey: string, listener: StoreListener): () => void {
    let set = this.listeners.get(bucketKey);
    if (!set) this.listeners.set(bucketKey, (set = new Set<StoreListener>()));
    set.add(listener);
    return () => {
      set.delete(listener);
    };
  }

  /** Forgets history up to the current revision: watches that resume from before get 410. */
  compact(): void {
    for (const bucket of this.buckets.values()) bucket.log.compact(this.currentRevision);
  }

  /** Restores an object read from disk, without announcing it. */
  restore(bucketKey: string, object: KubeObject): void {
    this.bucket(bucketKey).put(object);
    this.owners.replace(bucketKey, undefined, object);
  }

  /** After a restore: continue at `revision`; older watches must list again. */
  resumeAt(revision: number): void {
    this.currentRevision = Math.max(this.currentRevision, revision);
    this.baseRevision = this.currentRevision;
    this.compact();
  }

  private withRevision(object: KubeObject): KubeObject {
    this.currentRevision += 1;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.currentRevision) } };
  }

  private announce(bucket: Bucket, change: Pick<StoreEvent, 'type' | 'object' | 'previous'>): void {
    const event: StoreEvent = { ...change, bucket: bucket.key, revision: this.currentRevision };
    this.journal?.record(event);
    bucket.log.append(event);
    for (const listener of this.listeners.get(bucket.key) ?? []) listener(event);
    for (const listener of this.listeners.get('*') ?? []) listener(event);
  }
}
