import {
  FINE_TUNE_JOB_KIND,
  isInadmissible,
  JOB_RESOURCE,
  nearest,
  QUEUE_RESOURCE,
  queueNameOf,
  type FineTuneJob,
  type GpuQueue,
} from '../api/index.js';
import { ApiError, UserError } from '../errors.js';
import { isNotFound } from '../kube/index.js';
import { withCluster, type Cluster } from './cluster.js';
import { duration } from './display/index.js';
import { listAll } from './find-job.js';
import { formatColumns, formatObjects, isTable, type Column } from './output.js';
import type { QueuesOptions } from './queues-command.js';

const secondsSince = (time: string | undefined) =>
  time === undefined ? undefined : duration((Date.now() - Date.parse(time)) / 1000);
const secondsUntil = (time: string | undefined) =>
  time === undefined ? undefined : duration(Math.max(0, Date.parse(time) - Date.now()) / 1000);

const COLUMNS: readonly Column<FineTuneJob>[] = [
  { heading: 'PLACE', value: (job) => (hasPlace(job) ? job.status?.queue?.position : undefined) },
  { heading: 'NAMESPACE', value: ({ metadata }) => metadata.namespace },
  { heading: 'NAME', value: ({ metadata }) => metadata.name },
  { heading: 'PRIORITY', value: ({ spec }) => spec.priorityClassName ?? spec.priority },
  { heading: 'GPUS', value: ({ spec }) => (spec.workers?.min ?? 1) * (spec.workers?.gpusPerWorker ?? 1) },
  { heading: 'WAITING', value: ({ metadata }) => secondsSince(metadata.creationTimestamp) },
  { heading: 'STARTS IN', value: ({ status }) => secondsUntil(status?.queue?.estimatedStartTime) },
  { heading: 'REASON', value: ({ status }) => status?.queue?.reason },
  { heading: 'MESSAGE', value: ({ status }) => status?.queue?.message, wide: true },
];

/** Prints the jobs that wait in a queue, in the order in which they have their turn; GPUS is what each asks for at least. */
export function printWaitingList(name: string, options: QueuesOptions): Promise<void> {
  return withCluster(options, async (cluster) => {
    const queue = await findQueue(cluster, name);
    const { jobs, areAll } = await jobsThatMayBeSeen(cluster);
    const waiting = waitingList(jobs, name);
    const { output } = options;
    if (!isTable(output)) {
      process.stdout.write(formatObjects(waiting, { format: output, kind: FINE_TUNE_JOB_KIND }));
      return;
    }
    const pending = (queue?.status?.pendingJobs ?? 0) + (queue?.status?.inadmissibleJobs ?? 0);
    if (waiting.length > 0) process.stdout.write(formatColumns(waiting, COLUMNS, output));
    else
      console.error(`no job waits in queue ${name}${areAll ? '' : ` from namespace ${cluster.namespace}`}`);
    if (!areAll && pending > waiting.length)
      console.error(
        `${pending - waiting.length} more wait from namespaces whose jobs you may not list; places count them`,
      );
  });
}

/** The waiting jobs of a queue in the order of their places; those that cannot be admitted, oldest first, at the end. */
export function waitingList(jobs: readonly FineTuneJob[], queue: string): FineTuneJob[] {
  const place = (job: FineTuneJob) =>
    hasPlace(job) ? (job.status?.queue?.position ?? Infinity) : Number.POSITIVE_INFINITY;
  const created = ({ metadata }: FineTuneJob) => metadata.creationTimestamp ?? '';
  return jobs
    .filter((job) => job.status?.queue !== undefined && queueNameOf(job) === queue)
    .sort((a, b) => place(a) - place(b) || created(a).localeCompare(created(b)) || 0);
}

/** A job that cannot be admitted has no place, whatever it has been told before. */
const hasPlace = ({ status }: FineTuneJob) =>
  status?.queue !== undefined && (status.queue.position ?? 0) > 0 && !isInadmissible(status.queue.reason);

/** @throws UserError with the nearest name; undefined when queues may not be read */
async function findQueue(cluster: Cluster, name: string): Promise<GpuQueue | undefined> {
  try {
    return await cluster.client.get<GpuQueue>(QUEUE_RESOURCE, { name });
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return undefined;
    if (!isNotFound(error)) throw error;
    const names = (await listAll<GpuQueue>(cluster, QUEUE_RESOURCE)).map(({ metadata }) => metadata.name);
    const guess = nearest(name, names);
    const advice = guess === undefined ? `there are ${names.join(', ') || 'none'}` : `did you mean ${guess}?`;
    throw new UserError(`there is no queue ${name}: ${advice}`, { cause: error });
  }
}

/** The jobs of all namespaces, or of one's own where the others may not be listed. */
async function jobsThatMayBeSeen(cluster: Cluster): Promise<{ jobs: FineTuneJob[]; areAll: boolean }> {
  try {
    return { jobs: await listAll<FineTuneJob>(cluster, JOB_RESOURCE), areAll: true };
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 403) throw error;
    const { namespace } = cluster;
    return { jobs: await listAll<FineTuneJob>(cluster, JOB_RESOURCE, { namespace }), areAll: false };
  }
}
