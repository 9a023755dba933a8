import { JOB_RESOURCE, isTrue, type FineTuneJob } from '../api/index.js';
import { withCluster, type ClusterOptions } from './cluster.js';
import { listAll } from './find-job.js';
import { formatColumns, type Column } from './output.js';

export interface TopOptions extends ClusterOptions {
  readonly allNamespaces: boolean;
}

const gpusOf = ({ spec, status }: FineTuneJob) =>
  (status?.workers?.desired ?? 0) * (spec.workers?.gpusPerWorker ?? 1);

const COLUMNS: readonly Column<FineTuneJob>[] = [
  { heading: 'NAMESPACE', value: ({ metadata }) => metadata.namespace },
  { heading: 'NAME', value: ({ metadata }) => metadata.name },
  { heading: 'QUEUE', value: ({ spec }) => spec.queueName },
  { heading: 'GPUS', value: gpusOf },
  { heading: 'FLAVOR', value: ({ status }) => status?.placement?.flavor },
  { heading: 'TOKENS/S', value: ({ status }) => status?.progress?.tokensPerSecond?.toFixed(0) },
  { heading: 'LOSS', value: ({ status }) => status?.progress?.trainLoss?.toFixed(3) },
  { heading: 'STEP', value: ({ status }) => status?.progress?.step },
];

/** Prints the jobs that hold GPUs, those with most first. */
export function printTop(options: TopOptions): Promise<void> {
  return withCluster(options, async (cluster) => {
    const jobs = await listAll<FineTuneJob>(
      cluster,
      JOB_RESOURCE,
      options.allNamespaces ? undefined : cluster.namespace,
    );
    const running = jobs
      .filter(({ status }) => isTrue(status?.conditions, 'Admitted'))
      .sort((a, b) => gpusOf(b) - gpusOf(a) || a.metadata.name.localeCompare(b.metadata.name));
    process.stdout.write(formatColumns(running, COLUMNS));
  });
}
