import { GPU_QUEUE_KIND, QUEUE_RESOURCE, type GpuQueue } from '../api/index.js';
import { withCluster, type ClusterOptions } from './cluster.js';
import { formatTable } from './display/index.js';
import { listAll } from './find-job.js';
import { formatObjects, isTable, type ListFormat } from './output.js';

export interface QueuesOptions extends ClusterOptions {
  readonly output: ListFormat;
}

const HEADINGS = ['NAME', 'COHORT', 'FLAVOR', 'NOMINAL', 'USED', 'BORROWED', 'PENDING', 'RUNNING', 'WAITING'];

/** Prints what each queue may use and uses, one line a flavor, in GPUs; RUNNING and WAITING count jobs. */
export function printQueues(options: QueuesOptions): Promise<void> {
  return withCluster(options, async (cluster) => {
    const queues = await listAll<GpuQueue>(cluster, QUEUE_RESOURCE);
    process.stdout.write(
      isTable(options.output)
        ? formatTable(HEADINGS, queues.flatMap(rowsOf))
        : formatObjects(queues, { format: options.output, kind: GPU_QUEUE_KIND }),
    );
  });
}

function rowsOf({ metadata, spec, status }: GpuQueue): string[][] {
  return spec.quotas.map(({ flavor, nominal }) => {
    const usage = status?.usage?.find((entry) => entry.flavor === flavor);
    const figures = [usage?.used, usage?.borrowed, usage?.pending, status?.admittedJobs, status?.pendingJobs];
    return [
      metadata.name,
      spec.cohort ?? '-',
      flavor,
      String(nominal),
      ...figures.map((figure) => String(figure ?? 0)),
    ];
  });
}
