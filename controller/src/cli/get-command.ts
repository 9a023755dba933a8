import { FINE_TUNE_JOB_KIND, JOB_RESOURCE, type FineTuneJob } from '../api/index.js';
import { withCluster, type ClusterOptions } from './cluster.js';
import { findJob, listAll } from './find-job.js';
import { JOB_COLUMNS, NAMESPACE_COLUMN } from './jobs-table.js';
import { formatColumns, formatObjects, isTable, type ListFormat } from './output.js';

export interface GetOptions extends ClusterOptions {
  readonly output: ListFormat;
  readonly allNamespaces: boolean;
}

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
        ? formatColumns(
            jobs,
            options.allNamespaces ? [NAMESPACE_COLUMN, ...JOB_COLUMNS] : JOB_COLUMNS,
            output,
          )
        : formatObjects(jobs, { format: output, kind: FINE_TUNE_JOB_KIND, single: name !== undefined }),
    );
  });
}
