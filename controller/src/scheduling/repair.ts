import type { CycleState } from './cycle-state.js';
import { endOf } from './estimates.js';
import type { PlaceRequest } from './place.js';
import type { RunningJob } from './snapshot.js';

/**
 * Gives workers that lost their nodes other ones, as many as there are GPUs for, on the quota that their job holds
 * already. A job that is left with fewer workers than its fewest, and for which there are none, gives back what it has
 * and waits for a whole gang again; another one goes on with those that are left until there are GPUs.
 */
export function repair(state: CycleState): void {
  for (const job of state.snapshot.running.damaged()) {
    if (state.isLeaving(job)) continue;
    const { lost = [], nodes } = job;
    const found = replacements(state, job, lost);
    if (found.length > 0) {
      const repaired = [...nodes];
      found.forEach((node, i) => (repaired[lost[i] as number] = node));
      state.resizes.set(job.key, { key: job.key, nodes: repaired });
    }
    const left = nodes.length - lost.length + found.length;
    if (left >= job.min) continue;
    state.resizes.delete(job.key);
    state.evictions.set(job.key, {
      key: job.key,
      for: job.key,
      cause: 'loss',
      price: 0,
      message: `${left} of at least ${job.min} workers are left: there are no free ${job.flavor} for ${lost.length} that lost their node`,
    });
  }
}

/** Nodes for as many of the lost workers as fit, near the others if the job requires it. */
function replacements(state: CycleState, job: RunningJob, lost: readonly number[]): readonly string[] {
  const { flavor, nodes, topology } = job;
  const home = nodes.find((_, index) => !lost.includes(index));
  const domains = home === undefined ? undefined : state.free.flavor(flavor)?.byNode.get(home)?.node.domains;
  const until = endOf(job, state.now);
  const request: PlaceRequest = {
    ...job,
    until,
    ...(topology?.mode === 'required' && domains !== undefined
      ? { within: { level: topology.level, domain: domains[topology.level] } }
      : {}),
  };
  const most = state.free.mostWorkers(request, lost.length);
  const placed = most > 0 ? state.free.place(request, most) : undefined;
  if (placed === undefined || placed.resource !== job.resource) return [];
  state.free.take(request, placed.nodes);
  return placed.nodes;
}
