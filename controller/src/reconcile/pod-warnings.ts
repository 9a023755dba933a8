import type { Clock, KubeClient } from '../kube/index.js';
import { EVENTS, TokenBucket } from '../kube/index.js';
import type { PodObject } from '../pool/index.js';
import type { EventObject, PodWarning } from './pod-warning.js';
import { isSilent, startupWarning } from './pod-warning.js';

/** What a pod waits for in silence for less than this is nothing to ask about. */
const FIRST_LOOK_MS = 5_000;
/** Then it is asked again after this long, and twice as long each time, up to a minute. */
const PAUSE_MS = 15_000;
const MOST_PAUSE_MS = 60_000;
/** Workers of one job that are asked about at once: those of one gang usually wait for the same. */
const MOST_OF_JOB = 4;
/** Requests a second, of all jobs: the API server reads all Events of a namespace for each. */
const QPS = 2;
const BURST = 10;
/** An Event for each kind of trouble is enough. */
const MOST_EVENTS = 50;

interface Look {
  readonly at: number;
  readonly count: number;
  readonly warning: PodWarning | undefined;
}

export interface PodWarningsOptions {
  readonly client: Pick<KubeClient, 'list'>;
  readonly clock: Clock;
  readonly onTrouble: (error: unknown) => void;
}

/**
 * Asks for the Events of pods that have a node and do not start, a few at a time. They are not watched: a cluster has many
 * more Events than this controller has slow pods. What a namespace's users write there, they can write in their own jobs'
 * status alone, and it never decides more than which node these jobs try next.
 */
export class PodWarnings {
  /** By uid of the pod. */
  readonly #looks = new Map<string, Look>();
  readonly #ofJob = new Map<string, readonly string[]>();
  readonly #budget: TokenBucket;

  constructor(private readonly options: PodWarningsOptions) {
    this.#budget = new TokenBucket(QPS, BURST, options.clock);
  }

  /** What is known of a job's pods, by their uid. Asks in the background for what has to be known anew. */
  of(jobUid: string, pods: readonly PodObject[]): ReadonlyMap<string, PodWarning> {
    const silent = pods.filter(isSilent);
    this.#forgetOthers(jobUid, silent);
    const due = silent.filter((pod) => this.#dueAt(pod) <= this.options.clock.now());
    due.sort((a, b) => (this.#looks.get(uidOf(a))?.at ?? 0) - (this.#looks.get(uidOf(b))?.at ?? 0));
    for (const pod of due.slice(0, MOST_OF_JOB)) if (this.#budget.tryTake()) void this.#ask(pod);
    const known = new Map<string, PodWarning>();
    for (const pod of silent) {
      const warning = this.#looks.get(uidOf(pod))?.warning;
      if (warning !== undefined) known.set(uidOf(pod), warning);
    }
    return known;
  }

  forget(jobUid: string): void {
    this.#forgetOthers(jobUid, []);
  }

  #dueAt(pod: PodObject): number {
    const look = this.#looks.get(uidOf(pod));
    if (look === undefined) return (Date.parse(pod.metadata.creationTimestamp ?? '') || 0) + FIRST_LOOK_MS;
    return look.at + Math.min(MOST_PAUSE_MS, PAUSE_MS * 2 ** Math.min(look.count - 1, 10));
  }

  async #ask(pod: PodObject): Promise<void> {
    const uid = uidOf(pod);
    const before = this.#looks.get(uid);
    const look = { at: this.options.clock.now(), count: (before?.count ?? 0) + 1 };
    this.#looks.set(uid, { ...look, warning: before?.warning });
    try {
      const { items } = await this.options.client.list<EventObject>(EVENTS, {
        namespace: pod.metadata.namespace,
        fieldSelector: `involvedObject.uid=${uid},type=Warning`,
        limit: MOST_EVENTS,
      });
      // It may have started, or gone, meanwhile.
      if (this.#looks.has(uid)) this.#looks.set(uid, { ...look, warning: startupWarning(items) });
    } catch (error) {
      this.options.onTrouble(error);
    }
  }

  #forgetOthers(jobUid: string, pods: readonly PodObject[]): void {
    const kept = pods.map(uidOf);
    for (const uid of this.#ofJob.get(jobUid) ?? []) if (!kept.includes(uid)) this.#looks.delete(uid);
    if (kept.length === 0) this.#ofJob.delete(jobUid);
    else this.#ofJob.set(jobUid, kept);
  }
}

const uidOf = ({ metadata }: PodObject): string => metadata.uid ?? '';
