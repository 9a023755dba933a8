import { createInterface } from 'node:readline/promises';
import { JOB_RESOURCE, isTrue, type FineTuneJob } from '../api/index.js';
import { UserError } from '../errors.js';
import { withCluster, type Cluster, type ClusterOptions } from './cluster.js';
import {
  awaitGone,
  awaitSuspended,
  awaitTraining,
  cancelledNow,
  cancelledWhole,
  resumedNow,
  suspendedNow,
} from './change-progress.js';
import { findJob } from './find-job.js';
import { printChange, type ChangeFormat } from './output.js';

export interface ChangeOptions extends ClusterOptions {
  readonly output: ChangeFormat;
}

export interface ResizeOptions extends ChangeOptions {
  readonly max: number;
  readonly min?: number;
}

export interface WaitOptions extends ChangeOptions {
  /** Until it is done, not only asked for. */
  readonly wait: boolean;
  /** Longest wait, seconds. */
  readonly timeout: number;
}

export interface CancelOptions extends WaitOptions {
  readonly yes: boolean;
}

/** Sets `spec.suspend`: a running job writes a checkpoint and gives its GPUs back, or goes on from there. */
export function setSuspended(name: string, suspend: boolean, options: WaitOptions): Promise<void> {
  return withCluster(options, async (cluster) => {
    const before = await findUnfinished(cluster, name);
    const job = await patchSpec(cluster, name, { suspend });
    const place = `${cluster.namespace}/${name}`;
    const isAlready = before.spec.suspend === suspend;
    if (options.wait) {
      const { sentence, now } = await (suspend ? awaitSuspended : awaitTraining)(cluster, before, options);
      return printChange(sentence, now, options.output);
    }
    const sentence = suspend ? suspendedNow(place, before, isAlready) : resumedNow(place, before, isAlready);
    printChange(sentence, job, options.output);
  });
}

/** Changes between how many workers the job may have. @throws UserError when min would be above max */
export function resize(name: string, { max, min, ...options }: ResizeOptions): Promise<void> {
  return withCluster(options, async (cluster) => {
    const before = await findUnfinished(cluster, name);
    const least = min ?? before.spec.workers?.min ?? 1;
    if (least > max) {
      throw new UserError(`--max ${max} is below min, which is ${least}: give --min ${max} as well`);
    }
    const job = await patchSpec(cluster, name, { workers: { min: least, max } });
    printChange(`${cluster.namespace}/${name} may have ${least} to ${max} workers`, job, options.output);
  });
}

/** Deletes the job, its result excepted; asks first on a terminal. */
export function cancel(name: string, options: CancelOptions): Promise<void> {
  return withCluster(options, async (cluster) => {
    const job = await findJob(cluster, name);
    const { namespace, client } = cluster;
    const asks = !options.yes && process.stdin.isTTY && process.stdout.isTTY;
    if (asks && !(await confirmed(`Delete job ${namespace}/${name} (${job.status?.phase ?? 'new'})?`))) {
      throw new UserError(`${namespace}/${name} is kept`);
    }
    const { uid } = job.metadata;
    await client.delete(
      JOB_RESOURCE,
      { name, namespace },
      { propagationPolicy: 'Background', ...(uid === undefined ? {} : { preconditions: { uid } }) },
    );
    if (options.wait) await awaitGone(cluster, job, options);
    const place = `${namespace}/${name}`;
    printChange(options.wait ? cancelledWhole(place, job) : cancelledNow(place, job), job, options.output);
  });
}

async function findUnfinished(cluster: Cluster, name: string): Promise<FineTuneJob> {
  const job = await findJob(cluster, name);
  const { status } = job;
  if (isTrue(status?.conditions, 'Complete') || isTrue(status?.conditions, 'Failed')) {
    throw new UserError(
      `job ${cluster.namespace}/${name} has ended (${status?.phase}): submit it anew under another name`,
    );
  }
  return job;
}

function patchSpec(
  { client, namespace }: Cluster,
  name: string,
  spec: Readonly<Record<string, unknown>>,
): Promise<FineTuneJob> {
  return client.mergePatch<FineTuneJob>(JOB_RESOURCE, { name, namespace }, { spec });
}

async function confirmed(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
