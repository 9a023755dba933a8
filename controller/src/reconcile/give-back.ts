import { findCondition } from '../api/index.js';
import { isTerminated } from '../pool/index.js';
import type { Decision } from './decision.js';
import { evict } from './end-of-attempt.js';
import type { JobFacts } from './facts.js';
import type { Gang } from './gang.js';
import { condition, nextStatus } from './next-status.js';
import { hasBegun } from './obstacles.js';
import { reportedProgress } from './reported-progress.js';

/** Another job waits for the GPUs of workers that have reported no step beyond their checkpoint: what they have in hand is small. */
const NOTHING_UNSAVED_GRACE_MS = 10_000;

/** Ask for a checkpoint, wait for the workers to end, then let the GPUs go. */
export function giveBack(
  facts: JobFacts,
  gang: Gang,
  lost: readonly number[],
  eviction: NonNullable<JobFacts['eviction']>,
): Decision {
  const { job, now, resolved } = facts;
  const asked = findCondition(job.status?.conditions, 'Checkpointing');
  const askedAt = asked?.status === 'True' ? Date.parse(asked.lastTransitionTime) : now;
  const change = { ...job.status, ...reportedProgress(job.status ?? {}, facts.training, now) };
  const allowed = (resolved?.runPolicy.checkpointGraceSeconds ?? 120) * 1000;
  const hasUnsaved = (change.progress?.step ?? 0) > (change.checkpoint?.step ?? 0);
  const isWaitedFor = eviction.reason === 'Preempted';
  const grace = isWaitedFor && !hasUnsaved ? Math.min(allowed, NOTHING_UNSAVED_GRACE_MS) : allowed;
  const running = [...gang.workers].filter(([index, pod]) => !lost.includes(index) && !isTerminated(pod));
  // Workers that never were a group have nothing to save, and could not answer before they are one.
  if (running.length === 0 || !hasBegun(facts) || now - askedAt >= grace)
    return evict(facts, gang, eviction.reason, eviction.message);
  const why = eviction.reason === 'NodeLost' ? 'NodeLost' : 'CheckpointRequested';
  const updates = [condition('Checkpointing', 'True', why, eviction.message)];
  return {
    status: nextStatus(job, change, updates, now),
    register: { expectedWorkers: gang.placement.nodes.length - lost.length, fresh: false },
    stop: { reason: eviction.message, checkpoint: true },
    lookAgainMs: Math.max(0, askedAt + grace - now),
  };
}
