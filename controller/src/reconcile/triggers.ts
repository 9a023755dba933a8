import type { FineTuneJob, GpuQueue } from '../api/index.js';
import { isTrue } from '../api/index.js';
import type { JobCoordinator } from '../coordinator/job-coordinator.js';
import type { CacheEvent, KubeObject, WorkQueue } from '../kube/index.js';
import { equalJson, keyOf } from '../kube/index.js';
import type { NodeObject, PodObject } from '../pool/index.js';
import { gpusOfNode, isTerminated, requestsOfPod } from '../pool/index.js';
import type { Caches } from './caches.js';
import { BY_QUEUE, BY_UID } from './caches.js';
import { owningJob } from './owning-job.js';

/** The only key of the queue of scheduling cycles. */
export const CYCLE = 'cycle';
/** Changes within this time share one cycle. */
const COALESCE_MS = 10;

export interface Queues {
  readonly jobs: WorkQueue;
  readonly gpuQueues: WorkQueue;
  readonly cycles: WorkQueue;
}

/** Says which keys a change concerns. Returns the function that ends it. */
export function connectTriggers(
  caches: Caches,
  coordinator: JobCoordinator,
  queues: Queues,
  progressIntervalMs: number,
): () => void {
  const cycle = () => queues.cycles.addAfter(CYCLE, COALESCE_MS);
  /** uid to the milestones of the training that were shown last. */
  const shown = new Map<string, string>();
  const onJob = (event: CacheEvent<FineTuneJob>) => {
    queues.jobs.add(event.key);
    if (event.type === 'deleted') shown.delete(event.object.metadata.uid ?? '');
    if (changesSchedule(event)) cycle();
  };
  const onQueue = ({ key, object, old }: CacheEvent<GpuQueue>) => {
    queues.gpuQueues.add(key);
    if (equalJson(object.spec, old?.spec)) return;
    cycle();
    for (const job of caches.jobs.cache.byIndex(BY_QUEUE, key)) queues.jobs.add(keyOf(job));
  };
  const onPod = (event: CacheEvent<PodObject>) => {
    const job = owningJob(event.object);
    if (job !== undefined) queues.jobs.add(job.key);
    if (changesCapacity(event, caches)) cycle();
  };
  const onNode = ({ key, object, old, type }: CacheEvent<NodeObject>) => {
    if (
      type === 'modified' &&
      equalJson(relevantPart(object), old === undefined ? undefined : relevantPart(old))
    )
      return;
    cycle();
    for (const job of caches.jobs.cache.list()) {
      if (isTrue(job.status?.conditions, 'Admitted') && job.status?.placement?.nodes.includes(key) === true)
        queues.jobs.add(keyOf(job));
    }
  };
  const onNamespace = ({ key }: CacheEvent<KubeObject>) => {
    cycle();
    // Its default queue may have come.
    for (const job of caches.jobs.cache.byIndex(BY_QUEUE, ''))
      if (job.metadata.namespace === key) queues.jobs.add(keyOf(job));
  };
  const onTraining = (uid: string) => {
    const job = caches.jobs.cache.byIndex(BY_UID, uid)[0];
    const state = coordinator.state(uid);
    if (job === undefined || state === undefined) {
      shown.delete(uid);
      return;
    }
    const { generation, members, checkpoint, finished } = state;
    const milestone = [
      generation,
      members.filter(({ ready }) => ready).length,
      checkpoint?.step,
      finished?.outcome,
    ].join();
    if (shown.get(uid) === milestone) queues.jobs.addAfter(keyOf(job), progressIntervalMs);
    else queues.jobs.add(keyOf(job));
    shown.set(uid, milestone);
  };
  const ends = [
    caches.jobs.cache.subscribe(onJob),
    caches.queues.cache.subscribe(onQueue),
    caches.pods.cache.subscribe(onPod),
    caches.nodes.cache.subscribe(onNode),
    caches.namespaces.cache.subscribe(onNamespace),
    coordinator.onChange(onTraining),
  ];
  for (const job of caches.jobs.cache.list()) queues.jobs.add(keyOf(job));
  for (const queue of caches.queues.cache.list()) queues.gpuQueues.add(queue.metadata.name);
  cycle();
  return () => {
    for (const end of ends) end();
  };
}

function changesSchedule({ type, object, old }: CacheEvent<FineTuneJob>): boolean {
  if (type !== 'modified' || old === undefined) return true;
  if (object.metadata.generation !== old.metadata.generation) return true;
  if (object.spec.queueName !== old.spec.queueName) return true;
  if (object.metadata.deletionTimestamp !== old.metadata.deletionTimestamp) return true;
  if (object.status?.requeueAt !== old.status?.requeueAt) return true;
  if (!equalJson(object.status?.placement, old.status?.placement)) return true;
  return (['Admitted', 'Complete', 'Failed'] as const).some(
    (condition) => isTrue(object.status?.conditions, condition) !== isTrue(old.status?.conditions, condition),
  );
}

/** Whatever a pod takes of a node with GPUs is not there for workers. */
function changesCapacity(
  { type, object, old }: CacheEvent<PodObject>,
  { nodes }: Pick<Caches, 'nodes'>,
): boolean {
  const isOfUse = (name: string | undefined) => {
    const node = name === undefined || name === '' ? undefined : nodes.cache.get(name);
    return node !== undefined && gpusOfNode(node).length > 0;
  };
  const hasMoved = object.spec?.nodeName !== old?.spec?.nodeName;
  if (!isOfUse(object.spec?.nodeName) && !(hasMoved && isOfUse(old?.spec?.nodeName))) return false;
  if (type === 'deleted' || old === undefined || hasMoved) return true;
  return isTerminated(object) !== isTerminated(old) || !equalJson(requestsOfPod(object), requestsOfPod(old));
}

/** What of a node the decisions depend on; heartbeats change the rest all the time. */
const relevantPart = ({ metadata, spec, status }: NodeObject) => ({
  labels: metadata.labels,
  deleted: metadata.deletionTimestamp,
  unschedulable: spec?.unschedulable,
  taints: spec?.taints,
  allocatable: status?.allocatable,
  ready: status?.conditions?.find(({ type }) => type === 'Ready')?.status,
});
