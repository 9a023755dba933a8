import { pipeline } from 'node:stream/promises';
import { Writable } from 'node:stream';
import { FINE_TUNE_JOB_KIND, JOB_LABEL } from '../api/index.js';
import { UserError } from '../errors.js';
import type { OwnerReference } from '../kube/index.js';
import { withCluster, type Cluster, type ClusterOptions } from './cluster.js';
import { findJob, listAll } from './find-job.js';
import { PODS } from './pods.js';

export interface LogsOptions extends ClusterOptions {
  readonly follow: boolean;
  readonly tail?: number;
}

/** Prints the logs of a job's workers, each line behind the name of its worker. */
export function printLogs(job: string, options: LogsOptions): Promise<void> {
  return withCluster(options, async (cluster) => {
    const { namespace } = cluster;
    const labelled = await listAll(cluster, PODS, { namespace, labelSelector: `${JOB_LABEL}=${job}` });
    // Anybody may write the label; what is not of the job is not its log.
    const pods = labelled.filter(({ metadata }) => metadata.ownerReferences?.some(isJob(job)) === true);
    if (pods.length === 0) {
      const { status } = await findJob(cluster, job);
      throw new UserError(
        `job ${namespace}/${job} has no workers now (${status?.phase ?? 'new'}); "tuneyard explain ${job}" tells more`,
      );
    }
    const names = pods.map(({ metadata }) => metadata.name).sort();
    await Promise.all(names.map((name) => printOne(cluster, name, options)));
  });
}

const isJob = (job: string) => (owner: OwnerReference) =>
  owner.kind === FINE_TUNE_JOB_KIND && owner.name === job;

async function printOne({ client, namespace }: Cluster, pod: string, options: LogsOptions): Promise<void> {
  const log = await client.stream(
    PODS,
    { name: pod, namespace, subresource: 'log' },
    { follow: String(options.follow), tailLines: options.tail },
  );
  await pipeline(log, new PrefixedLines(`${pod}  `));
}

/** Passes whole lines on to standard output, each behind a prefix. */
class PrefixedLines extends Writable {
  private rest = '';
  private readonly decoder = new TextDecoder();

  constructor(private readonly prefix: string) {
    super({ decodeStrings: true });
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const lines = (this.rest + this.decoder.decode(chunk, { stream: true })).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) process.stdout.write(`${this.prefix}${line}\n`);
    done();
  }

  override _final(done: () => void): void {
    if (this.rest !== '') process.stdout.write(`${this.prefix}${this.rest}\n`);
    done();
  }
}
