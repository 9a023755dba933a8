import { withCluster, type ClusterOptions } from './cluster.js';
import { explainJob } from './explain-job.js';
import { findJob } from './find-job.js';

export interface ExplainOptions extends ClusterOptions {
  readonly output: 'text' | 'json';
}

/** `tuneyard explain JOB`: why it waits and until when, or what it does. */
export async function explain(name: string, options: ExplainOptions): Promise<void> {
  await withCluster(options, async (cluster) => {
    const job = await findJob(cluster, name);
    const { phase, queue, conditions, workers, progress, memory, checkpoint } = job.status ?? {};
    const facts = { phase, queue, conditions, workers, progress, memory, checkpoint };
    process.stdout.write(
      options.output === 'json' ? `${JSON.stringify(facts, null, 2)}\n` : `${explainJob(job).join('\n')}\n`,
    );
  });
}
