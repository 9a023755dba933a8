import { FINE_TUNE_JOB_KIND, JOB_RESOURCE, isTrue, queueNameOf, type FineTuneJob } from '../api/index.js';
import { withCluster, type ClusterOptions } from './cluster.js';
import { listAll } from './find-job.js';
import { formatColumns, formatObjects, isTable, type Column, type ListFormat } from './output.js';

export interface TopOptions extends ClusterOptions {
  readonly allNamespaces: boolean;
  readonly output: ListFormat;
}

const gpusOf = ({ spec, status }: FineTuneJob) =>
  (status?.workers?.desired ?? 0) * (spec.workers?.gpusPerWorker ?? 1);

const COLUMNS: readonly Column<FineTuneJob>[] = [
  { heading: 'NAMESPACE', value: ({ metadata }) => metadata.namespace },
  { heading: 'NAME', value: ({ metadata }) => metadata.name },
  { heading: 'QUEUE', value: queueNameOf },
  { heading: 'GPUS', value: gpusOf },
  { heading: 'FLAVOR', value: ({ status }) => status?.placement?.flavor },
  { heading: 'TOKENS/S', value: ({ status }) => status?.progress?.tokensPerSecond?.toFixed(0) },
  { heading: 'LOSS', value: ({ status }) => status?.progress?.trainLoss?.toFixed(3) },
  { heading: 'STEP', value: ({ status }) => status?.progress?.step },
  { heading: 'WORKERS', value: ({ status }) => status?.workers?.ready, wide: true },
  { heading: 'NODES', value: ({ status }) => new Set(status?.placement?.nodes).size, wide: true },
];

/** Prints the jobs that hold GPUs, those with most first. */
export function printTop(options: TopOptions): Promise<void> {
  return withCluster(options, async (cluster) => {
    const namespace = options.allNamespaces ? undefined : cluster.namespace;
    const jobs = await listAll<FineTuneJob>(cluster, JOB_RESOURCE, { namespace });
    const running = jobs
      .filter(({ status }) => isTrue(status?.conditions, 'Admitted'))
      .sort((a, b) => gpusOf(b) - gpusOf(a) || a.metadata.name.localeCompare(b.metadata.name));
    const { output } = options;
    process.stdout.write(
      isTable(output)
        ? formatColumns(running, COLUMNS, output)
        : formatObjects(running, { format: output, kind: FINE_TUNE_JOB_KIND }),
    );
  });
}
