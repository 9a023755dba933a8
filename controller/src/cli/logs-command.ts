import { Writable } from 'node:stream';
import { CoreV1Api, Log } from '@kubernetes/client-node';
import { JOB_LABEL } from '../api/index.js';
import { UserError } from '../errors.js';
import { defaultNamespace, loadKubeConfig, requestFailed } from './kube-config.js';

export interface LogsOptions {
  readonly follow: boolean;
  readonly namespace?: string;
  readonly kubeconfig?: string;
  readonly tail?: number;
}

/** Prints the logs of a job's workers, each line behind the name of its worker. */
export async function printLogs(job: string, options: LogsOptions): Promise<void> {
  const config = loadKubeConfig(options.kubeconfig);
  const namespace = options.namespace ?? defaultNamespace(config);
  const pods = await config
    .makeApiClient(CoreV1Api)
    .listNamespacedPod({ namespace, labelSelector: `${JOB_LABEL}=${job}` })
    .catch((error: unknown) => {
      throw requestFailed(config, error);
    });
  const names = pods.items.map((pod) => pod.metadata?.name ?? '').filter((name) => name !== '');
  if (names.length === 0) {
    throw new UserError(
      `job ${namespace}/${job} has no workers now: it waits, has ended and was cleaned up, or does not exist ("kubectl get ftj -n ${namespace}" tells)`,
    );
  }
  const log = new Log(config);
  await Promise.all(names.sort().map((name) => printOne(log, namespace, name, options)));
}

async function printOne(log: Log, namespace: string, pod: string, options: LogsOptions): Promise<void> {
  const lines = new PrefixedLines(`${pod}  `);
  const ended = new Promise<void>((resolve, reject) => {
    lines.once('finish', resolve).once('error', reject);
  });
  await log.log(namespace, pod, '', lines, {
    follow: options.follow,
    ...(options.tail === undefined ? {} : { tailLines: options.tail }),
  });
  await ended;
}

/** Passes whole lines on to standard output, each behind a prefix. */
class PrefixedLines extends Writable {
  private rest = '';

  constructor(private readonly prefix: string) {
    super({ decodeStrings: true });
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const lines = (this.rest + chunk.toString('utf8')).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) process.stdout.write(`${this.prefix}${line}\n`);
    done();
  }

  override _final(done: () => void): void {
    if (this.rest !== '') process.stdout.write(`${this.prefix}${this.rest}\n`);
    done();
  }
}
