import { FINE_TUNE_JOB_KIND, JOB_RESOURCE, type FineTuneJob } from '../api/index.js';
import { withCluster, type ClusterOptions } from './cluster.js';
import { duration } from './display/index.js';
import { findJob, listAll } from './find-job.js';
import { formatColumns, formatObjects, isTable, type Column, type ListFormat } from './output.js';

export interface GetOptions extends ClusterOptions {
  readonly output: ListFormat;
  readonly allNamespaces: boolean;
}

const secondsSince = (time: string | undefined) =>
  time === undefined ? undefined : duration((Date.now() - Date.parse(time)) / 1000);

const secondsUntil = (time: string | undefined) =>
  time === undefined ? undefined : duration((Date.parse(time) - Date.now()) / 1000);

const COLUMNS: readonly Column<FineTuneJob>[] = [
  { heading: 'NAME', value: ({ metadata }) => metadata.name },
  { heading: 'QUEUE', value: ({ spec }) => spec.queueName },
  { heading: 'PHASE', value: ({ status }) => status?.phase },
  { heading: 'METHOD', value: ({ status }) => status?.resolved?.method?.type },
  { heading: 'WORKERS', value: ({ status }) => status?.workers?.ready },
  { heading: 'STEP', value: ({ status }) => status?.progress?.step },
  { heading: 'LOSS', value: ({ status }) => status?.progress?.trainLoss?.toFixed(3) },
  {
    heading: 'ETA',
    value: ({ status }) =>
      status?.completionTime === undefined
        ? secondsUntil(status?.progress?.estimatedCompletionTime)
        : undefined,
  },
  { heading: 'AGE', value: ({ metadata }) => secondsSince(metadata.creationTimestamp) },
  { heading: 'POSITION', value: ({ status }) => status?.queue?.position, wide: true },
  { heading: 'MESSAGE', value: ({ status }) => status?.queue?.message, wide: true },
];

const NAMESPACE: Column<FineTuneJob> = { heading: 'NAMESPACE', value: ({ metadata }) => metadata.namespace };

/** Prints one job, or those of a namespace or of all of them. */
export function getJobs(name: string | undefined, options: GetOptions): Promise<void> {
  return withCluster(options, async (cluster) => {
    const namespace = options.allNamespaces ? undefined : cluster.namespace;
    const jobs =
      name === undefined
        ? await listAll<FineTuneJob>(cluster, JOB_RESOURCE, { namespace })
        : [await findJob(cluster, name)];
    const { output } = options;
    if (jobs.length === 0 && isTable(output)) {
      console.error(namespace === undefined ? 'no jobs' : `no jobs in namespace ${namespace}`);
      return;
    }
    process.stdout.write(
      isTable(output)
        ? formatColumns(jobs, options.allNamespaces ? [NAMESPACE, ...COLUMNS] : COLUMNS, output)
        : formatObjects(jobs, { format: output, kind: FINE_TUNE_JOB_KIND, single: name !== undefined }),
    );
  });
}
