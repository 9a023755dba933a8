import type { FineTuneJobStatus } from '../api/index.js';
import type { Decision } from './decision.js';
import type { JobFacts } from './facts.js';
import { growsFrom, heldGpusPerWorker } from './facts.js';
import type { Gang } from './gang.js';
import { holding } from './holding.js';
import { nextStatus, rfc3339 } from './next-status.js';

/**
 * The job goes on with another number of workers, or with other nodes for those that lost theirs. Only the placement is written: what was used so far is settled with
 * the old number, pods beyond the new one are then stale and go, missing ones are made, and the group of workers goes
 * on with whoever is there.
 */
export function resizeGang(facts: JobFacts, gang: Gang, nodes: readonly string[]): Decision {
  const { job, now } = facts;
  const { placement } = gang;
  const seconds = Math.max(0, (now - Date.parse(placement.time)) / 1000);
  const gpusPerWorker = heldGpusPerWorker(facts);
  const gpus = placement.nodes.length * gpusPerWorker;
  // Of those that had lost their nodes, some have others now.
  const before = (placement.lost ?? []).filter((index) => index < nodes.length);
  const lost = before.filter((index) => nodes[index] === placement.nodes[index]);
  const replaced = before.length - lost.length;
  const { lost: _lost, growsFrom: _from, ...kept } = placement;
  const change: FineTuneJobStatus = {
    ...job.status,
    placement: {
      ...kept,
      nodes: [...nodes],
      time: rfc3339(now),
      ...growsFrom(facts, nodes.length),
      ...(lost.length === 0 ? {} : { lost }),
    },
    ...(replaced === 0 ? {} : { replacements: (job.status?.replacements ?? 0) + replaced }),
    workers: { ...job.status?.workers, desired: nodes.length, ready: job.status?.workers?.ready ?? 0 },
    activeSecondsBefore: (job.status?.activeSecondsBefore ?? 0) + seconds,
    gpuSecondsUsed: (job.status?.gpuSecondsUsed ?? 0) + seconds * gpus,
  };
  const updates = holding({
    flavor: placement.flavor,
    nodes,
    gpusPerWorker,
    queueName: placement.queueName ?? job.spec.queueName,
  });
  return {
    status: nextStatus(job, change, updates, now),
    // Before the pods beyond it go: workers that leave then are not taken for lost ones.
    register: { expectedWorkers: nodes.length - lost.length, fresh: false },
    lookAgainMs: 0,
  };
}
