import type { CycleState } from './cycle-state.js';
import { endIfStarted, endOf } from './estimates.js';
import type { PlaceRequest } from './place.js';
import type { RunningJob } from './snapshot.js';
import { compareAges, compareJobs, mergeQueues } from '../queueing/index.js';

/** Gives jobs that start now more workers than their fewest, from what is left. */
export function widen(state: CycleState): void {
  const elastic = [...state.admissions.values()].filter(({ job }) => job.max > job.min);
  for (const { job, admission } of elastic) {
    state.withdraw(job, admission);
    // With more workers it ends sooner, so what its smallest gang may take, the larger one may too.
    const until = endIfStarted(job, job.min, state.now);
    const { flavor } = admission;
    const request: PlaceRequest = { ...job, flavor, until };
    const quota = state.ledger.view(job.queueName, flavor, until)?.available ?? 0;
    const most = state.free.mostWorkers(request, Math.min(job.max, Math.floor(quota / job.gpusPerWorker)));
    const placed = most > job.min ? state.free.place(request, most) : undefined;
    state.admit(job, placed === undefined ? admission : { key: job.key, flavor, ...placed });
  }
}

/** Takes workers beyond the most that a running job may have, for example after its spec changed. */
export function trim(state: CycleState): void {
  for (const job of state.snapshot.running.oversized())
    if (!state.isLeaving(job))
      state.resizes.set(job.key, { key: job.key, nodes: job.nodes.slice(0, job.max) });
}

/** Gives GPUs that nobody waits for to running jobs that can use more workers, in the order of a queue. */
export function grow(state: CycleState): void {
  const { snapshot, policy, now } = state;
  for (const [flavor, growable] of snapshot.running.growable()) {
    if (state.wanted.has(flavor) || (state.free.flavor(flavor)?.free ?? 0) <= 0) continue;
    const rested = [...growable].filter(
      (job) => !state.isLeaving(job) && now - (job.resizedAt ?? job.startedAt) >= policy.resizeCooldownMs,
    );
    growEach(
      state,
      flavor,
      mergeQueues(rested, ({ queueName }) => queueName, compareJobs, compareAges),
    );
  }
}

function growEach(state: CycleState, flavor: string, jobs: readonly RunningJob[]): void {
  const { ledger, free, now } = state;
  for (const job of jobs) {
    const { nodes, max, gpusPerWorker, topology } = job;
    const until = endOf(job, now);
    const quota = ledger.view(job.queueName, flavor, until)?.available ?? 0;
    const [first] = nodes;
    const home = first === undefined ? undefined : free.flavor(flavor)?.byNode.get(first)?.node.domains;
    // New workers must stand where the others do if the topology is required.
    if (topology?.mode === 'required' && home === undefined) continue;
    const request: PlaceRequest = {
      ...job,
      until,
      ...(topology?.mode === 'required' && home !== undefined
        ? { within: { level: topology.level, domain: home[topology.level] } }
        : {}),
    };
    const more = free.mostWorkers(request, Math.min(max - nodes.length, Math.floor(quota / gpusPerWorker)));
    const placed = more > 0 ? free.place(request, more) : undefined;
    if (placed === undefined || placed.resource !== job.resource) continue;
    free.take(request, placed.nodes);
    ledger.take(job.queueName, flavor, placed.nodes.length * gpusPerWorker, until);
    state.resizes.set(job.key, { key: job.key, nodes: [...nodes, ...placed.nodes] });
  }
}
