import type { ConditionUpdate, FineTuneJobStatus } from '../api/index.js';
import { isTrue, JOB_LABEL } from '../api/index.js';
import { isTerminated } from '../pool/index.js';
import { decideRunning } from './decide-running.js';
import type { Decision } from './decision.js';
import { finishedSince } from './end-of-attempt.js';
import type { JobFacts } from './facts.js';
import { growsFrom } from './facts.js';
import { holding } from './holding.js';
import { condition, nextStatus, rfc3339 } from './next-status.js';
import { resolvedStatus } from './resolved-status.js';

/** Workers that report the end but do not exit are ended after this long. */
const EXIT_GRACE_MS = 30_000;

/** The next step of a job's life. Pure. */
export function decide(facts: JobFacts): Decision {
  const { job } = facts;
  const conditions = job.status?.conditions;
  if (isTrue(conditions, 'Complete') || isTrue(conditions, 'Failed')) return decideFinished(facts);
  if (isTrue(conditions, 'Admitted')) return decideRunning(facts);
  if (facts.admission !== undefined) return decideAdmission(facts);
  return decideWaiting(facts);
}

function decideFinished({ job, resolved, pods, now }: JobFacts): Decision {
  const status = finishedSince(job);
  const ended = Date.parse(status.completionTime ?? '') || now;
  const failed = isTrue(status.conditions, 'Failed');
  const lingering = pods.filter((pod) => !isTerminated(pod) && pod.metadata.deletionTimestamp === undefined);
  const overdue = failed || now - ended >= EXIT_GRACE_MS;
  const ttl = resolved?.runPolicy.ttlSecondsAfterFinished;
  const expires = ttl === undefined ? undefined : ended + ttl * 1000;
  if (expires !== undefined && expires <= now) return { status, unregister: true, deleteJob: true };
  const looks = [
    ...(lingering.length > 0 && !overdue ? [ended + EXIT_GRACE_MS - now] : []),
    ...(expires === undefined ? [] : [expires - now]),
  ];
  return {
    status,
    unregister: lingering.length === 0 || overdue,
    // Pods that ended stay for their logs; they use no GPUs.
    deletePods: overdue ? lingering : [],
    ...(looks.length === 0 ? {} : { lookAgainMs: Math.min(...looks) }),
  };
}

/** The admission is written alone; pods follow once it is known to be stored. */
function decideAdmission(facts: JobFacts): Decision {
  const { job, admission, resolved, now } = facts;
  if (admission === undefined || resolved === undefined) return decideWaiting(facts);
  const { flavor, resource, nodes } = admission;
  const placement = {
    flavor,
    resource,
    nodes: [...nodes],
    time: rfc3339(now),
    ...growsFrom(facts, nodes.length),
    gpusPerWorker: resolved.workers.gpusPerWorker,
    queueName: job.spec.queueName,
  };
  const updates: ConditionUpdate[] = [
    ...holding(placement),
    condition(
      'WorkersReady',
      'False',
      'WaitingForWorkers',
      `0 of ${nodes.length} ${nodes.length === 1 ? 'worker is' : 'workers are'} ready`,
    ),
    condition('Suspended', 'False', 'NotSuspended', ''),
    condition('Evicted', 'False', 'NotEvicted', ''),
  ];
  const { queue: _queue, requeueAt: _requeueAt, ...kept } = job.status ?? {};
  const change: FineTuneJobStatus = {
    ...kept,
    resolved: resolvedStatus(facts),
    ...(resolved?.memory === undefined ? {} : { memory: resolved.memory }),
    placement,
    workers: { desired: nodes.length, ready: 0, selector: `${JOB_LABEL}=${job.metadata.name}` },
    startTime: kept.startTime ?? rfc3339(now),
  };
  return { status: nextStatus(job, change, updates, now) };
}

function decideWaiting(facts: JobFacts): Decision {
  const { job, resolved, waiting, pods, now } = facts;
  // What an earlier attempt left behind.
  const leftovers = pods.filter((pod) => pod.metadata.deletionTimestamp === undefined);
  const cleanup = { unregister: true, deletePods: leftovers };
  const requeueAt = Date.parse(job.status?.requeueAt ?? '');
  const look = requeueAt > now ? { lookAgainMs: requeueAt - now } : {};
  if (waiting === undefined) return { status: job.status ?? {}, ...cleanup, ...look };
  const { position, ahead, reason, message, largestGangThatFits, estimatedStart } = waiting;
  const suspended = reason === 'Suspended';
  const updates: ConditionUpdate[] = [
    condition('QuotaReserved', 'False', reason, message),
    condition('Admitted', 'False', 'NotAdmitted', ''),
    condition('Suspended', suspended ? 'True' : 'False', suspended ? 'Suspended' : 'NotSuspended', ''),
  ];
  const change: FineTuneJobStatus = {
    ...job.status,
    resolved: resolvedStatus(facts),
    ...(resolved?.memory === undefined ? {} : { memory: resolved.memory }),
    queue: {
      ...(position === undefined ? {} : { position, ahead }),
      reason,
      message: message.slice(0, 1024),
      largestGangThatFits,
      ...(estimatedStart === undefined ? {} : { estimatedStartTime: rfc3339(estimatedStart) }),
    },
    workers: { desired: 0, ready: 0, selector: `${JOB_LABEL}=${job.metadata.name}` },
  };
  return { status: nextStatus(job, change, updates, now), ...cleanup, ...look };
}
