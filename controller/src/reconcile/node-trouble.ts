import type { FineTuneJob } from '../api/index.js';
import type { ReadonlyCache } from '../kube/index.js';
import type { NodeObject, PodObject } from '../pool/index.js';
import { isTaintedFor, unavailability } from '../pool/index.js';
import type { NodeTrouble } from './facts.js';
import { nodeNeedsOf } from './worker-pod.js';

/** What is wrong with nodes of a job's placement and of its pods, by name; nothing is with those that are not named. */
export function troubledNodes(
  nodes: Pick<ReadonlyCache<NodeObject>, 'get'>,
  job: FineTuneJob,
  pods: readonly PodObject[],
): ReadonlyMap<string, NodeTrouble> {
  const troubled = new Map<string, NodeTrouble>();
  const names = [...(job.status?.placement?.nodes ?? []), ...pods.map(({ spec }) => spec?.nodeName ?? '')];
  for (const name of new Set(names)) {
    const trouble = name === '' ? undefined : troubleOf(nodes.get(name), job);
    if (trouble !== undefined) troubled.set(name, trouble);
  }
  return troubled;
}

function troubleOf(node: NodeObject | undefined, job: FineTuneJob): NodeTrouble | undefined {
  if (node === undefined) return 'gone';
  const why = unavailability(node);
  // Such as autoscalers and maintenance set; what tolerates it may go on there.
  if (why === undefined)
    return isTaintedFor(node.spec?.taints ?? [], nodeNeedsOf(job)) ? 'closed' : undefined;
  return why === 'not ready' ? 'unreachable' : 'closed';
}
