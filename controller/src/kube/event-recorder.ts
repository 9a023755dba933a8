import { createHash } from 'node:crypto';
import type { Clock } from './clock.js';
import { systemClock } from './clock.js';
import type { KubeClient } from './kube-client.js';
import { isAlreadyExists, isNotFound } from './responses.js';
import type { KubeObject, Resource } from './resource.js';
import { TokenBucket } from './token-bucket.js';

export const EVENTS: Resource = {
  group: '',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
};

export type EventType = 'Normal' | 'Warning';

interface Known {
  /** Name of the Event object. */
  readonly name: string;
  count: number;
  readonly firstTimestamp: string;
}

interface Similar {
  readonly messages: Set<string>;
  since: number;
}

export interface EventRecorderOptions {
  /** Shown as the source. */
  readonly component: string;
  readonly clock?: Clock;
  readonly onError?: (error: unknown) => void;
}

// The figures of client-go's EventCorrelator.
const MAX_SIMILAR = 10;
const SIMILAR_WINDOW_MS = 10 * 60_000;
const SPAM_BURST = 25;
const SPAM_QPS = 1 / 300;
/** Of one namespace: many objects of one team must not use up what is written for the others. */
const NAMESPACE_BURST = 1000;
const NAMESPACE_QPS = 10;
const MAX_KNOWN = 4096;
const MAX_MESSAGE = 1024;
/** Events that wait to be written. */
const MAX_PENDING = 5000;
/** Events that are written at once. */
const LANES = 4;

/**
 * Writes Events as client-go does: the same event again raises its count; more than ten that differ only in the message
 * become one "combined" event; an object that causes too many is silenced. Losing an event is never an error.
 */
export class EventRecorder {
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();
  readonly #similar = new Map<string, Similar>();
  readonly #budgets = new Map<string, TokenBucket>();
  /** The last write of each lane: events of one object are written in order, those of several at once. */
  readonly #lanes: Promise<void>[] = Array.from({ length: LANES }, () => Promise.resolve());
  #pending = 0;

  constructor(
    private readonly client: Pick<KubeClient, 'createUnread' | 'mergePatch'>,
    private readonly options: EventRecorderOptions,
  ) {
    this.#clock = options.clock ?? systemClock;
  }

  /** Returns at once; the event is written in the background, in the order of those of its object. */
  record(object: KubeObject, type: EventType, reason: string, message: string): void {
    const uid = object.metadata.uid ?? object.metadata.name;
    const namespace = object.metadata.namespace ?? 'default';
    if (!this.#withinBudget(uid, SPAM_QPS, SPAM_BURST)) return;
    if (!this.#withinBudget(`namespace ${namespace}`, NAMESPACE_QPS, NAMESPACE_BURST)) return;
    if (this.#pending > MAX_PENDING) return;
    const text = this.#combined(`${uid}/${type}/${reason}`, message.slice(0, MAX_MESSAGE));
    this.#pending++;
    const lane = laneOf(uid);
    const before = this.#lanes[lane] ?? Promise.resolve();
    this.#lanes[lane] = before
      .then(() => this.#write(object, type, reason, text))
      .catch((error: unknown) => this.options.onError?.(error))
      .finally(() => {
        this.#pending--;
      });
  }

  /** Resolves when all events recorded so far are written. */
  async flush(): Promise<void> {
    await Promise.all(this.#lanes);
  }

  #withinBudget(whose: string, qps: number, burst: number): boolean {
    let budget = this.#budgets.get(whose);
    if (budget === undefined) {
      budget = new TokenBucket(qps, burst, this.#clock);
      remember(this.#budgets, whose, budget);
    }
    return budget.tryTake();
  }

  #combined(group: string, message: string): string {
    const now = this.#clock.monotonic();
    let similar = this.#similar.get(group);
    if (similar === undefined || now - similar.since > SIMILAR_WINDOW_MS) {
      similar = { messages: new Set(), since: now };
      remember(this.#similar, group, similar);
    }
    if (similar.messages.size < MAX_SIMILAR) similar.messages.add(message);
    return similar.messages.has(message) ? message : `(combined from similar events): ${message}`;
  }

  async #write(object: KubeObject, type: EventType, reason: string, message: string): Promise<void> {
    const { name, uid, resourceVersion } = object.metadata;
    const namespace = object.metadata.namespace ?? 'default';
    const combined = message.startsWith('(combined');
    const key = [uid, type, reason, combined ? '' : message].join('/');
    const now = new Date(this.#clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
    const known = this.#known.get(key);
    if (known !== undefined) {
      known.count++;
      try {
        await this.client.mergePatch(
          EVENTS,
          { namespace, name: known.name },
          { count: known.count, lastTimestamp: now, message },
        );
        return;
      } catch (error) {
        // It expired in the meantime; the next one begins anew.
        this.#known.delete(key);
        if (!isNotFound(error)) throw error;
      }
    }
    const hash = createHash('sha256').update(`${key}/${this.#clock.now()}`).digest('hex').slice(0, 16);
    const fresh: Known = { name: `${name.slice(0, 200)}.${hash}`, count: 1, firstTimestamp: now };
    try {
      await this.client.createUnread(EVENTS, {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: fresh.name, namespace },
        involvedObject: {
          apiVersion: object.apiVersion,
          kind: object.kind,
          name,
          namespace: object.metadata.namespace,
          uid,
          resourceVersion,
        },
        type,
        reason,
        message,
        count: 1,
        firstTimestamp: now,
        lastTimestamp: now,
        source: { component: this.options.component },
        reportingComponent: this.options.component,
        reportingInstance: '',
      } as KubeObject);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    remember(this.#known, key, fresh);
  }
}

function laneOf(uid: string): number {
  let hash = 0;
  for (let at = 0; at < uid.length; at++) hash = (hash * 31 + uid.charCodeAt(at)) >>> 0;
  return hash % LANES;
}

/** Sets, and forgets the oldest entry of a map that grew too large. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.set(key, value);
  if (map.size > MAX_KNOWN) {
    const oldest = map.keys().next();
    if (!oldest.done) map.delete(oldest.value);
  }
}
