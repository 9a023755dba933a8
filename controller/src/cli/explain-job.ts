import { findCondition, queueNameOf, type FineTuneJob } from '../api/index.js';

/** Why a job is where it is and what comes next, in sentences: one a line, the most important first. */
export function explainJob(job: FineTuneJob): string[] {
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
    add(
      'workers',
      `${workers.ready} of ${workers.desired} train${status.placement === undefined ? '' : ` on ${status.placement.flavor}`}`,
    );
    const readiness = findCondition(status.conditions, 'WorkersReady');
    if (readiness?.status === 'False') add('why', `${readiness.message} (${readiness.reason})`);
    if (progress !== undefined)
      add('step', `${progress.step}${progress.totalSteps === undefined ? '' : ` of ${progress.totalSteps}`}`);
    add('may end', progress?.estimatedCompletionTime);
  } else add('why', 'the controller has not looked at it yet; if this stays so, see whether it runs');
  const refusedNodes = (status.refusedNodes ?? []).map(({ node, reason }) => `${node} (${reason})`);
  if (ended === undefined) add('refused by', refusedNodes.slice(0, 4).join(', '));
  add('memory of each GPU', memory?.message);
  if (checkpoint !== undefined) add('newest checkpoint', `step ${checkpoint.step}, ${checkpoint.time}`);
  return lines;
}

const workersOf = (count: number): string => `${count} worker${count === 1 ? '' : 's'}`;
