import type { FineTuneJob, GpuQueue, ResolvedSpec } from '../api/index.js';
import { MANAGED_BY, QUEUE_ANNOTATION } from '../api/index.js';
import type { CacheEvent, KubeObject, ReadonlyCache } from '../kube/index.js';
import { equalJson, keyOf } from '../kube/index.js';
import type { NodeObject, PodObject, Requests } from '../pool/index.js';
import { isTerminated, LivePool, requestsOfPod } from '../pool/index.js';
import type { Claim } from '../pool/index.js';
import type { QueueState } from '../queueing/index.js';
import { admitsNamespace } from '../queueing/index.js';
import { LiveBacklog, LiveRunningJobs } from '../scheduling/index.js';
import type { Gang, PendingJob, RunningJob, Snapshot, Usage } from '../scheduling/index.js';
import { BY_JOB } from './caches.js';
import { LeftoverUsage } from './leftover-usage.js';
import { owningJob } from './owning-job.js';
import type { OwningJob } from './owning-job.js';
import type { SnapshotEntry, Undone } from './snapshot-entry.js';
import { gangOf, isScheduled, snapshotEntry } from './snapshot-entry.js';
import { workerIndexOf } from './worker-name.js';

/** The caches that a snapshot is made of. Pods must be indexed by {@link BY_JOB}. */
export interface SnapshotCaches {
  readonly jobs: ReadonlyCache<FineTuneJob>;
  readonly queues: ReadonlyCache<GpuQueue>;
  readonly nodes: ReadonlyCache<NodeObject>;
  readonly pods: ReadonlyCache<PodObject>;
  readonly namespaces: ReadonlyCache<KubeObject>;
}

type Resolution = ResolvedSpec | { readonly invalid: string };

/** What a job asks for, for as long as its spec is read the same. */
interface KnownGang {
  readonly uid: string | undefined;
  readonly generation: number | undefined;
  readonly resolved: Resolution;
  readonly gang: Gang;
}

/**
 * What the scheduler decides from, kept while objects change: a cycle costs what changed since the last one, not the
 * size of the cluster. The snapshot that {@link at} gives is good until the next call.
 */
export class LiveSnapshot {
  readonly #pool = new LivePool();
  readonly #queues = new Map<string, QueueState>();
  readonly #namespaces = new Map<string, Readonly<Record<string, string>>>();
  readonly #pending = new LiveBacklog<PendingJob>();
  readonly #running = new LiveRunningJobs();
  readonly #entries = new Map<string, SnapshotEntry>();
  readonly #gangs = new Map<string, KnownGang>();
  /** Key to when the job has to be looked at again though nothing changed, in ms. */
  readonly #due = new Map<string, number>();
  readonly #touched = new Set<string>();
  readonly #touchedPods = new Set<string>();
  readonly #leftover = new LeftoverUsage();
  readonly #unsubscribe: readonly (() => void)[];

  /**
   * @param undone what was decided of a job and its object does not show yet; {@link touch} tells that it changed
   * @param resolve the resolved spec, or why it is invalid; the same object for the same spec
   */
  constructor(
    private readonly caches: SnapshotCaches,
    private readonly undone: (key: string) => Undone,
    private readonly resolve: (job: FineTuneJob) => Resolution,
    /** Whether all is known that a placement needs; otherwise calls back once it is. */
    private readonly isSettled: (job: FineTuneJob, later: () => void) => boolean = () => true,
    /** Told of an object that cannot be taken into the snapshot; the others are. */
    private readonly onFault: (key: string, error: unknown) => void = () => {},
  ) {
    const follow = <T extends KubeObject>(
      cache: ReadonlyCache<T>,
      listener: (event: CacheEvent<T>) => void,
    ) => followEach(cache, (event) => this.#guard(event.key, () => listener(event)));
    this.#unsubscribe = [
      follow(caches.jobs, ({ key }) => this.#touched.add(key)),
      follow(caches.pods, ({ key }) => this.#touchedPods.add(key)),
      follow(caches.nodes, ({ type, key, object }) => {
        if (type === 'deleted') this.#pool.removeNode(key);
        else this.#pool.setNode(object);
      }),
      follow(caches.queues, ({ type, key, object, old }) => {
        if (type === 'deleted') this.#queues.delete(key);
        else this.#queues.set(key, queueState(object));
        if (!equalJson(object.spec.caps, old?.spec.caps)) this.#touchQueue(key);
      }),
      follow(caches.namespaces, ({ type, key, object }) => {
        if (type === 'deleted') this.#namespaces.delete(key);
        else this.#namespaces.set(key, object.metadata.labels ?? {});
      }),
    ];
  }

  /** What was decided of the job changed. */
  touch(key: string): void {
    this.#touched.add(key);
  }

  /** The snapshot at a time in ms. */
  at(now: number): Snapshot {
    for (const [key, due] of this.#due) if (due <= now) this.#touched.add(key);
    for (const key of this.#touched) this.#guard(key, () => this.#updateJob(key, now));
    this.#touched.clear();
    for (const key of this.#touchedPods) this.#guard(key, () => this.#updatePod(key));
    this.#touchedPods.clear();
    return {
      now,
      pool: this.#pool.view,
      queues: this.#queues,
      namespaces: this.#namespaces,
      pending: this.#pending.view,
      running: this.#running,
      leftover: this.#leftover,
    };
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  /** A fault of one object is held by that object. */
  #guard(key: string, action: () => void): void {
    try {
      action();
    } catch (error) {
      this.onFault(key, error);
    }
  }

  /** One whose model cannot be named waits for no answer about it. */
  #isSettled(key: string, job: FineTuneJob): boolean {
    try {
      return this.isSettled(job, () => this.touch(key));
    } catch {
      return true;
    }
  }

  /** What its jobs are allowed changed. */
  #touchQueue(name: string): void {
    for (const [key, { job }] of this.#entries) if (job.queueName === name) this.#touched.add(key);
  }

  #updateJob(key: string, now: number): void {
    const job = this.caches.jobs.get(key);
    const before = this.#entries.get(key);
    const isReady = job !== undefined && isScheduled(job) && this.#isSettled(key, job);
    const entry = isReady ? this.#entryOf(key, job, now) : undefined;
    if (entry === undefined) this.#gangs.delete(key);
    const due = entry?.kind === 'pending' ? entry.until : undefined;
    if (due === undefined) this.#due.delete(key);
    else this.#due.set(key, due);
    if (equalJson(before, entry)) return;

    if (before?.kind === 'pending') this.#pending.remove(before.job);
    if (before?.kind === 'running' && entry?.kind !== 'running') this.#running.delete(key);
    if (entry?.kind === 'pending') this.#pending.add(entry.job);
    if (entry?.kind === 'running') this.#running.set(entry.job);
    if (entry === undefined) this.#entries.delete(key);
    else this.#entries.set(key, entry);
    const placement = claimsOfEntry(entry);
    if (equalJson(claimsOfEntry(before), placement)) return;
    this.#pool.claim(`job ${key}`, placement);
    // Whether a pod is one of the workers that the placement counts already follows from the placement.
    for (const pod of this.caches.pods.byIndex(BY_JOB, key)) this.#touchedPods.add(keyOf(pod));
  }

  #entryOf(key: string, job: FineTuneJob, now: number): SnapshotEntry | undefined {
    try {
      return this.#entryOfResolved(key, job, { resolved: this.resolve(job), now });
    } catch (error) {
      this.onFault(key, error);
      const resolved = { invalid: `spec cannot be scheduled: ${String(error).slice(0, 512)}` };
      return this.#entryOfResolved(key, job, { resolved, now });
    }
  }

  #entryOfResolved(
    key: string,
    job: FineTuneJob,
    { resolved, now }: { readonly resolved: Resolution; readonly now: number },
  ): SnapshotEntry | undefined {
    const { uid, generation } = job.metadata;
    let known = this.#gangs.get(key);
    const isSame = known?.uid === uid && known?.generation === generation && known?.resolved === resolved;
    // The default queue is chosen without a change of the spec.
    if (known === undefined || !isSame || known.gang.queueName !== job.spec.queueName) {
      known = { uid, generation, resolved, gang: gangOf(job, resolved) };
      this.#gangs.set(key, known);
    }
    return snapshotEntry(job, known.gang, resolved, this.undone(key), now);
  }

  #updatePod(key: string): void {
    const pod = this.caches.pods.get(key);
    const claims = pod === undefined ? [] : this.#claimsOfPod(pod);
    this.#pool.claim(`pod ${key}`, claims);
    this.#leftover.set(key, pod === undefined ? [] : claims.flatMap((claim) => this.#leftoverOf(pod, claim)));
  }

  /** What a pod of a job holds of a quota without the job's holding it. */
  #leftoverOf(pod: PodObject, { node, amounts, isLeaving }: Claim): readonly Usage[] {
    const { namespace = '', annotations } = pod.metadata;
    const owner = owningJob(pod);
    if (owner === undefined) return [];
    const name = annotations?.[QUEUE_ANNOTATION] ?? this.#jobOf(owner)?.spec.queueName;
    const queue = this.#queues.get(name ?? '');
    // Whoever may not use a queue does not use it up with pods that he names after it.
    if (queue === undefined || !admitsNamespace(queue, namespace, this.#namespaces.get(namespace) ?? {}))
      return [];
    return Object.entries(amounts).flatMap(([resource, gpus]) => {
      const flavor = this.#pool.flavorOf(node, resource);
      return flavor === undefined ? [] : [{ queue: queue.name, flavor, gpus, isLeaving }];
    });
  }

  /** What the pod takes besides the placements of admitted jobs. */
  #claimsOfPod(pod: PodObject): readonly Claim[] {
    const { deletionTimestamp } = pod.metadata;
    const node = pod.spec?.nodeName;
    if (node === undefined || node === '' || isTerminated(pod)) return [];
    const owner = owningJob(pod);
    const job = owner === undefined ? undefined : this.#jobOf(owner);
    const entry = job === undefined ? undefined : this.#entries.get(keyOf(job));
    const requests = requestsOfPod(pod);
    const index = owner === undefined ? undefined : workerIndexOf(pod, owner.name);
    if (entry?.kind === 'running' && index !== undefined && entry.job.nodes[index] === node) {
      // A default of the namespace, or an overhead, may have made it larger than planned.
      const amounts = beyond(requests, plannedFor(entry.job));
      return Object.keys(amounts).length === 0 ? [] : [{ node, amounts }];
    }
    // A pod of a job that no longer holds its place, or is gone, is ended soon, unless by another controller.
    const isEnded = owner !== undefined && (job?.spec.managedBy ?? MANAGED_BY) === MANAGED_BY;
    return [{ node, amounts: requests, isLeaving: deletionTimestamp !== undefined || isEnded }];
  }

  /** The job that owns a pod, if it is still there: another of its name is not. */
  #jobOf({ key, uid }: OwningJob): FineTuneJob | undefined {
    const job = this.caches.jobs.get(key);
    return job?.metadata.uid === uid ? job : undefined;
  }
}

/** Calls back for what is there, and then for every change. */
function followEach<T extends KubeObject>(
  cache: ReadonlyCache<T>,
  listener: (event: CacheEvent<T>) => void,
): () => void {
  for (const object of cache.list()) listener({ type: 'added', key: keyOf(object), object, old: undefined });
  return cache.subscribe(listener);
}

function claimsOfEntry(entry: SnapshotEntry | undefined): readonly Claim[] {
  if (entry?.kind !== 'running') return [];
  const amounts = plannedFor(entry.job);
  return entry.job.nodes.map((node) => ({ node, amounts }));
}

/** What each worker of a running job is counted with. */
const plannedFor = ({ requests, resource, gpusPerWorker }: RunningJob): Requests => ({
  ...requests,
  [resource]: gpusPerWorker,
});

/** By how much amounts are larger than others. */
const beyond = (amounts: Requests, others: Requests): Requests =>
  Object.fromEntries(
    Object.entries(amounts).flatMap(([resource, amount]) =>
      amount > (others[resource] ?? 0) ? [[resource, amount - (others[resource] ?? 0)]] : [],
    ),
  );

const queueState = ({ metadata, spec }: GpuQueue): QueueState => ({
  name: metadata.name,
  quotas: spec.quotas,
  cohort: spec.cohort,
  weight: spec.weight,
  stopPolicy: spec.stopPolicy,
  namespaces: spec.namespaces,
  namespaceLabels: spec.namespaceSelector?.matchLabels,
});
