import { at, isObject, objectOr, objectsOf, type JsonObject, textOf } from '../json.js';
import type { ColumnDefinition } from '../resources/resource-type.js';
import { ageOf } from './human-duration.js';

/** The one word of the STATUS column, by kubectl's rules. */
export function podReason(pod: JsonObject): string {
  let reason = textOf(at(pod, 'status', 'reason') ?? at(pod, 'status', 'phase') ?? 'Unknown');
  const initTotal = objectsOf(at(pod, 'spec', 'initContainers')).length;
  let initializing = false;
  for (const [index, container] of objectsOf(at(pod, 'status', 'initContainerStatuses')).entries()) {
    const state = objectOr(container['state']);
    const terminated = state['terminated'];
    if (isObject(terminated)) {
      if (terminated['exitCode'] === 0) continue;
      reason = `Init:${textOf(terminated['reason'] || `ExitCode:${textOf(terminated['exitCode'])}`)}`;
    } else {
      const waiting = objectOr(state['waiting'])['reason'];
      reason =
        waiting && waiting !== 'PodInitializing' ? `Init:${textOf(waiting)}` : `Init:${index}/${initTotal}`;
    }
    initializing = true;
    break;
  }
  if (!initializing) reason = containerReason(pod, reason);
  if (at(pod, 'metadata', 'deletionTimestamp') === undefined) return reason;
  return at(pod, 'status', 'reason') === 'NodeLost' ? 'Unknown' : 'Terminating';
}

function containerReason(pod: JsonObject, phase: string): string {
  let reason = phase;
  let running = false;
  for (const container of objectsOf(at(pod, 'status', 'containerStatuses')).reverse()) {
    const { waiting, terminated, running: runs } = objectOr(container['state']);
    if (isObject(waiting) && waiting['reason']) reason = textOf(waiting['reason']);
    else if (isObject(terminated)) {
      reason = textOf(
        terminated['reason'] ||
          (terminated['signal']
            ? `Signal:${textOf(terminated['signal'])}`
            : `ExitCode:${textOf(terminated['exitCode'])}`),
      );
    } else if (container['ready'] === true && runs) running = true;
  }
  return reason === 'Completed' && running ? 'Running' : reason;
}

function readyCount(pod: JsonObject): string {
  const ready = objectsOf(at(pod, 'status', 'containerStatuses')).filter(
    (container) => container['ready'] === true,
  ).length;
  return `${ready}/${objectsOf(at(pod, 'spec', 'containers')).length}`;
}

function restarts(pod: JsonObject, now: number): string {
  const containers = objectsOf(at(pod, 'status', 'containerStatuses'));
  const total = containers.reduce((sum, container) => sum + Number(container['restartCount'] ?? 0), 0);
  const ends = containers
    .map((container) => at(container, 'lastState', 'terminated', 'finishedAt'))
    .filter((time): time is string => typeof time === 'string')
    .sort();
  const last = ends.at(-1);
  return total > 0 && last ? `${total} (${ageOf(last, now)} ago)` : textOf(total);
}

const wide = 1;

export const podColumns: ColumnDefinition[] = [
  { name: 'Name', type: 'string', format: 'name', priority: 0, cell: (pod) => at(pod, 'metadata', 'name') },
  { name: 'Ready', type: 'string', priority: 0, cell: readyCount },
  { name: 'Status', type: 'string', priority: 0, cell: podReason },
  { name: 'Restarts', type: 'string', priority: 0, cell: restarts },
  {
    name: 'Age',
    type: 'string',
    priority: 0,
    cell: (pod, now) => ageOf(at(pod, 'metadata', 'creationTimestamp'), now),
  },
  { name: 'IP', type: 'string', priority: wide, cell: (pod) => at(pod, 'status', 'podIP') ?? '<none>' },
  { name: 'Node', type: 'string', priority: wide, cell: (pod) => at(pod, 'spec', 'nodeName') ?? '<none>' },
  {
    name: 'Nominated Node',
    type: 'string',
    priority: wide,
    cell: (pod) => at(pod, 'status', 'nominatedNodeName') ?? '<none>',
  },
  { name: 'Readiness Gates', type: 'string', priority: wide, cell: () => '<none>' },
];
