import { withCluster, type ClusterOptions } from './cluster.js';
import { explainJob } from './explain-job.js';
import { findJob } from './find-job.js';
import { formatReport, type ReportFormat } from './output.js';

export interface ExplainOptions extends ClusterOptions {
  readonly output: ReportFormat;
}

/** `tuneyard explain JOB`: why it waits and until when, or what it does. */
export async function explain(name: string, options: ExplainOptions): Promise<void> {
  await withCluster(options, async (cluster) => {
    const job = await findJob(cluster, name);
    const { phase, queue, conditions, workers, progress, memory, checkpoint } = job.status ?? {};
    const facts = { phase, queue, conditions, workers, progress, memory, checkpoint };
    const { output } = options;
    process.stdout.write(output === 'text' ? `${explainJob(job).join('\n')}\n` : formatReport(facts, output));
  });
}
