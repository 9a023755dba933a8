import { findCondition, queueNameOf, type FineTuneJob } from '../api/index.js';

/** Why a job is where it is and what comes next, in sentences: one a line, the most important first. */
export function explainJob(job: FineTuneJob, now = Date.now()): string[] {
  const { metadata, status = {} } = job;
  const lines = [
    `${metadata.namespace ?? 'default'}/${metadata.name} in queue ${queueNameOf(job)}: ${status.phase ?? 'new'}`,
  ];
  const add = (label: string, text: string | number | undefined): void => {
    if (text !== undefined && text !== '') lines.push(`  ${label}: ${text}`);
  };
  const { queue, progress, workers, checkpoint, memory } = status;
  const ended = (['Failed', 'Complete'] as const)
    .map((type) => findCondition(status.conditions, type))
    .find((condition) => condition?.status === 'True');
  if (ended !== undefined) add('why', `${ended.message} (${ended.reason})`);
  else if (queue !== undefined) {
    add('why', `${queue.message} (${queue.reason})`);
    if (queue.position !== undefined) {
      add('place', `${queue.position}, with ${queue.ahead ?? 0} before it`);
      add(
        'would fit now',
        queue.largestGangThatFits === undefined ? undefined : workersOf(queue.largestGangThatFits),
      );
      add('may start', queue.estimatedStartTime ?? 'not known yet');
    } else add('place', 'none: it is no candidate before this is changed');
  } else if (workers !== undefined) {
    add('workers', gangOf(job));
    add('may grow', growthOf(job, now));
    const readiness = findCondition(status.conditions, 'WorkersReady');
    if (readiness?.status === 'False') add('why', `${readiness.message} (${readiness.reason})`);
    if (progress !== undefined)
      add('step', `${progress.step}${progress.totalSteps === undefined ? '' : ` of ${progress.totalSteps}`}`);
    add('may end', endOf(progress, now));
  } else add('why', 'the controller has not looked at it yet; if this stays so, see whether it runs');
  const refusedNodes = (status.refusedNodes ?? []).map(({ node, reason }) => `${node} (${reason})`);
  if (ended === undefined) add('refused by', refusedNodes.slice(0, 4).join(', '));
  add('memory of each GPU', memory?.message);
  const { resumedFrom } = status;
  if (resumedFrom !== undefined) add('went on from', resumptionOf(resumedFrom));
  if (checkpoint !== undefined) add('newest checkpoint', `step ${checkpoint.step}, ${checkpoint.time}`);
  return lines;
}

const workersOf = (count: number): string => `${count} worker${count === 1 ? '' : 's'}`;

type Status = NonNullable<FineTuneJob['status']>;

/** Fewest and most workers, as the spec counts them. */
function rangeOf({ spec }: FineTuneJob): { readonly min: number; readonly max: number } {
  const { min = 1, max = 1 } = spec.workers ?? {};
  return { min, max: Math.max(min, max) };
}

function gangOf(job: FineTuneJob): string {
  const { workers = { ready: 0, desired: 0 }, placement } = job.status ?? {};
  const { min, max } = rangeOf(job);
  const on = placement === undefined ? '' : ` on ${placement.flavor}`;
  const range = min === max ? '' : `, of ${min}..${max} (min..max)`;
  return `${workers.ready} of ${workers.desired} train${on}${range}`;
}

/** When a job with fewer workers than it may have gets more. */
function growthOf(job: FineTuneJob, now: number): string | undefined {
  const { max } = rangeOf(job);
  const { placement } = job.status ?? {};
  if (placement === undefined || placement.nodes.length >= max) return undefined;
  const what = `to ${workersOf(max)}, as GPUs of ${placement.flavor} are idle and quota allows`;
  const from = placement.growsFrom;
  return from === undefined || Date.parse(from) <= now
    ? what
    : `${what}, but not before ${from}: the controller waits after each change of the number of workers (--resize-cooldown)`;
}

function endOf(progress: Status['progress'], now: number): string | undefined {
  const end = progress?.estimatedCompletionTime;
  if (end === undefined || Date.parse(end) > now) return end;
  return `${end}, which has passed: no step has been reported since step ${progress?.step}`;
}

function resumptionOf({ step, uri, job, uid }: NonNullable<Status['resumedFrom']>): string {
  const whose =
    job === undefined ? '' : uid === undefined ? ', whose job is not known' : ` of job ${job} (uid ${uid})`;
  return `step ${step}, ${uri}${whose}`;
}
