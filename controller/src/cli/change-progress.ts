import { findCondition, isTrue, JOB_RESOURCE, type FineTuneJob } from '../api/index.js';
import { isNotFound } from '../kube/index.js';
import type { Cluster } from './cluster.js';
import { findJob } from './find-job.js';
import { graceSeconds, heldGpus, livePods } from './held-gpus.js';
import { until } from './until.js';

/** What a change of a job has brought about so far, what is still to come, and how to wait for it. */

interface WaitTime {
  /** Longest wait, seconds. */
  readonly timeout: number;
}

/** What came of the wait, and the job as it is then. */
interface Outcome {
  readonly sentence: string;
  readonly now: FineTuneJob;
}

export function suspendedNow(place: string, job: FineTuneJob, isAlready: boolean): string {
  const gpus = heldGpus(job);
  if (gpus === undefined) return `${place} is ${isAlready ? 'already ' : ''}suspended`;
  return `${place} is being suspended: it writes a checkpoint and gives its ${gpus} back within ${graceSeconds(job)} s; --wait waits for that`;
}

export function resumedNow(place: string, { spec }: FineTuneJob, isAlready: boolean): string {
  if (isAlready) return `${place} is already resumed`;
  return `${place} is resumed: it goes on as soon as queue ${spec.queueName} has GPUs for it; --wait waits for that`;
}

export function cancelledNow(place: string, job: FineTuneJob): string {
  const gpus = heldGpus(job);
  if (gpus === undefined) return `${place} is cancelled`;
  return `${place} is cancelled: its ${gpus} are free once its pods have ended, within ${graceSeconds(job)} s; --wait waits for that`;
}

export function cancelledWhole(place: string, job: FineTuneJob): string {
  const gpus = heldGpus(job);
  return `${place} is cancelled${gpus === undefined ? '' : `; its ${gpus} are free`}`;
}

/** Waits until the job is suspended and its pods have ended. */
export async function awaitSuspended(
  cluster: Cluster,
  before: FineTuneJob,
  { timeout }: WaitTime,
): Promise<Outcome> {
  const { name } = before.metadata;
  const place = `${cluster.namespace}/${name}`;
  let [now, pods] = [before, [] as readonly string[]];
  await until(
    timeout,
    async () => {
      now = await findJob(cluster, name);
      pods = await livePods(cluster, now);
      const isDone = hasEnded(now) || isTrue(now.status?.conditions, 'Suspended');
      return isDone && pods.length === 0 ? true : undefined;
    },
    () => `${place} is not suspended after ${timeout} s: its phase is ${phaseOf(now)}${still(pods)}`,
  );
  if (hasEnded(now)) return { sentence: `${place} ended (${phaseOf(now)}) before it was suspended`, now };
  const gpus = heldGpus(before);
  const freed = gpus === undefined ? '' : `; its ${gpus} are free`;
  const step = now.status?.checkpoint?.step;
  const saved = step === undefined ? '' : `, and it goes on from step ${step}`;
  return { sentence: `${place} is suspended${freed}${saved}`, now };
}

/** Waits until the job trains. */
export async function awaitTraining(
  cluster: Cluster,
  before: FineTuneJob,
  { timeout }: WaitTime,
): Promise<Outcome> {
  const { name } = before.metadata;
  const place = `${cluster.namespace}/${name}`;
  let now = before;
  await until(
    timeout,
    async () => {
      now = await findJob(cluster, name);
      return hasEnded(now) || isTrue(now.status?.conditions, 'Training') ? true : undefined;
    },
    () => `${place} does not train after ${timeout} s: ${whyNot(now)}`,
  );
  const count = now.status?.workers?.ready ?? 0;
  const sentence = hasEnded(now)
    ? `${place} ended (${phaseOf(now)}) before it was seen to train`
    : `${place} trains with ${count} worker${count === 1 ? '' : 's'}`;
  return { sentence, now };
}

/** Waits until a deleted job and its pods are gone. */
export async function awaitGone(cluster: Cluster, job: FineTuneJob, { timeout }: WaitTime): Promise<void> {
  const { name, uid } = job.metadata;
  const { client, namespace } = cluster;
  let [isThere, pods] = [true, [] as readonly string[]];
  await until(
    timeout,
    async () => {
      isThere = await client.get<FineTuneJob>(JOB_RESOURCE, { name, namespace }).then(
        ({ metadata }) => metadata.uid === uid,
        (error: unknown) => {
          if (isNotFound(error)) return false;
          throw error;
        },
      );
      pods = await livePods(cluster, job);
      return isThere || pods.length > 0 ? undefined : true;
    },
    () =>
      `${namespace}/${name} is cancelled, but after ${timeout} s ${isThere ? 'the job is still there' : 'its GPUs are not free'}${still(pods)}`,
  );
}

const hasEnded = ({ status }: FineTuneJob) =>
  isTrue(status?.conditions, 'Complete') || isTrue(status?.conditions, 'Failed');

const phaseOf = ({ status }: FineTuneJob) => status?.phase ?? 'new';

const still = (pods: readonly string[]) => (pods.length === 0 ? '' : `; still there: ${pods.join(', ')}`);

function whyNot(job: FineTuneJob): string {
  const { queue, conditions } = job.status ?? {};
  const readiness = findCondition(conditions, 'WorkersReady');
  const why = isTrue(conditions, 'Admitted') ? readiness?.message : queue?.message;
  return why === undefined || why === '' ? `its phase is ${phaseOf(job)}` : why;
}
