import { findCondition, queueNameOf, type FineTuneJob } from '../../api/index.js';
import { duration, fitLine, plotLoss } from '../display/index.js';
import type { JobHistory } from './job-history.js';
import { timeOf, type JobEvent } from './job-event.js';

export interface JobScreenInput {
  readonly job: FineTuneJob;
  readonly history: Pick<JobHistory, 'losses' | 'stepsPerSecond'>;
  readonly events: readonly JobEvent[];
  /** Why what is shown may be old. */
  readonly trouble?: string | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

const BAR_WIDTH = 30;
const MOST_EVENTS = 5;
const PLOT = { least: 4, most: 12 } as const;

/** What the screen shows of a job: at most `rows` lines of at most `columns`. Pure. */
export function jobScreen(input: JobScreenInput, { columns, rows }: ScreenSize): string[] {
  const { job, trouble, history } = input;
  const head = [headline(job), ...progressLines(input), workersLine(input), ...resultLines(job)];
  const tail = [...conditionLines(input), ...eventLines(input)];
  const warning = trouble === undefined ? [] : [`! ${trouble}`];
  const left = rows - head.length - tail.length - warning.length - 4;
  const height = Math.min(PLOT.most, left);
  const plot =
    height < PLOT.least ? [] : plotLoss(history.losses, { width: Math.max(10, columns - 12), height });
  const lines = [...head, ...warning, ...(plot.length === 0 ? [] : ['', ...plot]), '', ...tail];
  return lines.slice(0, rows).map((line) => fitLine(line, columns));
}

function headline(job: FineTuneJob): string {
  const { metadata, spec, status } = job;
  const method = status?.resolved?.method?.type ?? spec.method?.type;
  const on = status?.placement === undefined ? '' : ` on ${status.placement.flavor}`;
  return [
    `${metadata.namespace ?? 'default'}/${metadata.name}`,
    status?.phase ?? 'New',
    `${method ?? 'auto'}${on}`,
    `queue ${queueNameOf(job)}`,
    spec.model.source,
  ].join('   ');
}

function progressLines({ job, history, now }: JobScreenInput): string[] {
  const { progress, queue, completionTime } = job.status ?? {};
  if (progress === undefined) return queue === undefined ? [] : waitingLines(queue, now);
  const { step, totalSteps, trainLoss, evalLoss, tokensPerSecond, estimatedCompletionTime, epoch } = progress;
  const left = (Date.parse(estimatedCompletionTime ?? '') - now) / 1000;
  const { stepsPerSecond } = history;
  const share = totalSteps === undefined || totalSteps === 0 ? 0 : Math.min(1, step / totalSteps);
  const isOver = completionTime !== undefined;
  return [
    listed([
      bar(share),
      `step ${step}${totalSteps === undefined ? '' : `/${totalSteps}`}`,
      `${Math.floor(100 * share)} %`,
      epoch === undefined ? undefined : `epoch ${epoch.toFixed(2)}`,
      isOver || Number.isNaN(left) ? undefined : `ETA ${duration(left)}`,
    ]),
    listed([
      trainLoss === undefined ? undefined : `loss ${trainLoss.toFixed(4)}`,
      evalLoss === undefined ? undefined : `eval loss ${evalLoss.toFixed(4)}`,
      isOver || stepsPerSecond === undefined ? undefined : `${paceOf(stepsPerSecond)} steps/s`,
      tokensPerSecond === undefined ? undefined : `${tokensPerSecond.toFixed(0)} tokens/s`,
    ]),
    ...(queue === undefined || isOver ? [] : waitingLines(queue, now)),
  ].filter((line) => line !== '');
}

type Queue = NonNullable<NonNullable<FineTuneJob['status']>['queue']>;

function waitingLines(
  { position, ahead, reason, message, estimatedStartTime }: Queue,
  now: number,
): string[] {
  const wait = (Date.parse(estimatedStartTime ?? '') - now) / 1000;
  const place =
    position === undefined
      ? 'has no place in the queue'
      : `waits at position ${position}, ${ahead ?? 0} before it${Number.isNaN(wait) ? '' : `, may start in ${duration(wait)}`}`;
  return [`${place}: ${reason}`, `  ${message}`];
}

function workersLine({ job, now }: JobScreenInput): string {
  const { workers, checkpoint, restarts = 0, evictions = 0, startTime, completionTime } = job.status ?? {};
  const until = completionTime === undefined ? now : Date.parse(completionTime);
  return listed([
    workers === undefined ? undefined : `workers ${workers.ready} of ${workers.desired}`,
    workers?.generation === undefined ? undefined : `generation ${workers.generation}`,
    checkpoint === undefined
      ? 'no checkpoint'
      : `checkpoint step ${checkpoint.step}, ${ago(checkpoint.time, now)}`,
    restarts === 0 ? undefined : `restarts ${restarts}`,
    evictions === 0 ? undefined : `evictions ${evictions}`,
    startTime === undefined ? undefined : `since start ${duration((until - Date.parse(startTime)) / 1000)}`,
  ]);
}

function resultLines({ status }: FineTuneJob): string[] {
  const failed = findCondition(status?.conditions, 'Failed');
  return [
    ...(failed?.status === 'True' ? [`failed: ${failed.message} (${failed.reason})`] : []),
    ...(status?.evaluation ?? []).map(
      ({ metric, base, tuned, examples }) =>
        `${metric} ${base === undefined ? '' : `${base.toFixed(3)} before, `}${tuned.toFixed(3)} tuned, on ${examples} examples`,
    ),
    ...(status?.artifacts ?? []).map(({ format, uri }) => `${format} ${uri}`),
  ];
}

function conditionLines({ job, now }: JobScreenInput): string[] {
  return (job.status?.conditions ?? []).map(
    ({ type, status, reason, message, lastTransitionTime }) =>
      `${status === 'True' ? '✓' : '·'} ${type.padEnd(14)} ${reason.padEnd(18)} ${ago(lastTransitionTime, now).padEnd(14)} ${message}`,
  );
}

function eventLines({ events, now }: JobScreenInput): string[] {
  const newest = [...events].sort((a, b) => timeOf(b) - timeOf(a)).slice(0, MOST_EVENTS);
  if (newest.length === 0) return [];
  return [
    '',
    ...newest.map((event) => {
      const times = (event.count ?? 1) > 1 ? ` (${event.count} times)` : '';
      const mark = event.type === 'Warning' ? '!' : ' ';
      return `${mark} ${duration((now - timeOf(event)) / 1000).padEnd(10)} ${event.reason ?? ''}: ${event.message ?? ''}${times}`;
    }),
  ];
}

const listed = (parts: readonly (string | undefined)[]) =>
  parts.filter((part) => part !== undefined && part !== '').join('   ');

function bar(share: number): string {
  const filled = Math.round(BAR_WIDTH * share);
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}`;
}

const paceOf = (perSecond: number) => perSecond.toFixed(perSecond < 1 ? 2 : 1);

const ago = (time: string, now: number) => `${duration((now - Date.parse(time)) / 1000)} ago`;
