import {
  FINE_TUNE_JOB_KIND,
  JOB_LABEL,
  JOB_RESOURCE,
  heldGpus,
  isTrue,
  queueNameOf,
  type FineTuneJob,
} from '../api/index.js';
import { ApiError } from '../errors.js';
import { keyOf } from '../kube/index.js';
import { withCluster, type Cluster, type ClusterOptions } from './cluster.js';
import { endingWorkers } from './ending-workers.js';
import { listAll } from './find-job.js';
import { formatColumns, formatObjects, isTable, type Column, type ListFormat } from './output.js';
import { PODS, type Pod } from './pods.js';

export interface TopOptions extends ClusterOptions {
  readonly allNamespaces: boolean;
  readonly output: ListFormat;
}

interface Row {
  readonly namespace: string;
  readonly name: string;
  readonly queue: string | undefined;
  /** Of the placement, and of pods that are ending. */
  readonly gpus: number;
  readonly ending: number;
  /** Absent: the job is gone, and its pods are not yet. */
  readonly job?: FineTuneJob | undefined;
}

const COLUMNS: readonly Column<Row>[] = [
  { heading: 'NAMESPACE', value: ({ namespace }) => namespace },
  { heading: 'NAME', value: ({ name }) => name },
  { heading: 'QUEUE', value: ({ queue }) => queue },
  { heading: 'GPUS', value: ({ gpus }) => gpus },
  { heading: 'FLAVOR', value: ({ job }) => job?.status?.placement?.flavor },
  { heading: 'TOKENS/S', value: ({ job }) => job?.status?.progress?.tokensPerSecond?.toFixed(0) },
  { heading: 'LOSS', value: ({ job }) => job?.status?.progress?.trainLoss?.toFixed(3) },
  { heading: 'STEP', value: ({ job }) => job?.status?.progress?.step },
  { heading: 'ENDING', value: ({ ending }) => ending, wide: true },
  { heading: 'WORKERS', value: ({ job }) => job?.status?.workers?.ready, wide: true },
  { heading: 'NODES', value: ({ job }) => new Set(job?.status?.placement?.nodes).size, wide: true },
];

/** Prints the jobs that hold GPUs, those with most first; also those that are gone while their pods still end. */
export function printTop(options: TopOptions): Promise<void> {
  return withCluster(options, async (cluster) => {
    const namespace = options.allNamespaces ? undefined : cluster.namespace;
    const jobs = await listAll<FineTuneJob>(cluster, JOB_RESOURCE, { namespace });
    const { output } = options;
    if (!isTable(output)) {
      const running = jobs.filter(({ status }) => isTrue(status?.conditions, 'Admitted'));
      process.stdout.write(formatObjects(running.sort(byGpus), { format: output, kind: FINE_TUNE_JOB_KIND }));
      return;
    }
    const pods = await workersOf(cluster, namespace);
    process.stdout.write(formatColumns(rowsOf(jobs, pods), COLUMNS, output));
  });
}

/** What holds GPUs, most first. */
export function rowsOf(jobs: readonly FineTuneJob[], pods: readonly Pod[]): Row[] {
  const ending = endingWorkers(jobs, pods);
  const byKey = new Map(jobs.map((job) => [keyOf(job), job]));
  const holding = jobs.filter((job) => heldGpus(job) > 0).map(keyOf);
  return [...new Set([...holding, ...ending.keys()])]
    .map((key): Row => {
      const [namespace = '', name = ''] = key.split('/');
      const job = byKey.get(key);
      const { gpus = 0, queue } = ending.get(key) ?? {};
      const held = job === undefined ? 0 : heldGpus(job);
      const queueName = job === undefined ? queue : (job.status?.placement?.queueName ?? queueNameOf(job));
      return { namespace, name, queue: queueName, gpus: held + gpus, ending: gpus, job };
    })
    .sort((a, b) => b.gpus - a.gpus || a.name.localeCompare(b.name));
}

const byGpus = (a: FineTuneJob, b: FineTuneJob) =>
  heldGpus(b) - heldGpus(a) || a.metadata.name.localeCompare(b.metadata.name);

/** Whoever may see jobs but no pods is told what the table leaves out. */
async function workersOf(cluster: Cluster, namespace: string | undefined): Promise<readonly Pod[]> {
  try {
    return await listAll<Pod>(cluster, PODS, { namespace, labelSelector: JOB_LABEL });
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 403) throw error;
    process.stderr.write('GPUs of pods that are ending are left out: you may not list pods\n');
    return [];
  }
}
