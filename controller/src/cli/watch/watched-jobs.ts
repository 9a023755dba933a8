import { FINE_TUNE_JOB_KIND, JOB_RESOURCE, type FineTuneJob } from '../../api/index.js';
import { EVENTS, Reflector, type CacheEvent, type KubeObject, type ReadonlyCache } from '../../kube/index.js';
import type { Cluster } from '../cluster.js';
import type { JobEvent } from './job-event.js';

/** A failed request is spoken of for so long. */
const TROUBLE_MS = 20_000;

export interface WatchTarget {
  /** undefined = all jobs. */
  readonly name?: string | undefined;
  /** undefined = all namespaces. */
  readonly namespace?: string | undefined;
}

/** One job and its events, or all jobs, as the API server tells of every change. */
export class WatchedJobs {
  readonly jobs: ReadonlyCache<FineTuneJob>;
  /** Of the one job. */
  readonly events: ReadonlyCache<JobEvent> | undefined;
  private readonly reflectors: readonly Pick<Reflector<KubeObject>, 'start' | 'stop' | 'synced'>[];
  private lastTrouble: { readonly message: string; readonly atMs: number } | undefined;

  constructor({ client }: Cluster, { name, namespace }: WatchTarget) {
    const onError = (error: unknown) => {
      this.lastTrouble = {
        message: error instanceof Error ? error.message : String(error),
        atMs: performance.now(),
      };
    };
    const jobs = new Reflector<FineTuneJob>(client, JOB_RESOURCE, {
      namespace,
      fieldSelector: name === undefined ? undefined : `metadata.name=${name}`,
      onError,
    });
    this.jobs = jobs.cache;
    if (name === undefined) {
      this.reflectors = [jobs];
      return;
    }
    const fieldSelector = `involvedObject.kind=${FINE_TUNE_JOB_KIND},involvedObject.name=${name}`;
    const events = new Reflector<JobEvent>(client, EVENTS, { namespace, fieldSelector, onError });
    this.events = events.cache;
    this.reflectors = [jobs, events];
  }

  /** Why what is known may be old; undefined while all goes well. */
  get trouble(): string | undefined {
    const { message, atMs } = this.lastTrouble ?? {};
    return atMs === undefined || performance.now() - atMs > TROUBLE_MS ? undefined : message;
  }

  /** Begins to watch. `onJob` is called for every job that is there, and for every change. */
  start(onJob: (event: CacheEvent<FineTuneJob>) => void, onEvent: (event: JobEvent) => void): void {
    this.jobs.subscribe(onJob);
    this.events?.subscribe(({ type, object }) => type !== 'deleted' && onEvent(object));
    for (const reflector of this.reflectors) reflector.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.reflectors.map((reflector) => reflector.stop()));
  }
}
