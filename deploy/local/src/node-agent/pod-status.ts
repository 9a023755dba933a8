import { at, objectsOf, type JsonObject } from '../apiserver/json.js';
import { kubeTime, type KubeObject } from '../apiserver/kube-object.js';
import { containerStatus, type ContainerState } from './container-state.js';
import { podIp } from './pod-source.js';

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

/** Phase of a pod by the rules of Kubernetes. */
export function podPhase(
  init: readonly ContainerState[],
  containers: readonly ContainerState[],
  restartPolicy: string,
): PodPhase {
  const failedInit = init.find(
    (container) => container.phase.kind === 'terminated' && container.phase.exit.code !== 0,
  );
  if (failedInit && restartPolicy === 'Never') return 'Failed';
  const waiting = containers.some((container) => container.phase.kind === 'waiting' && !container.last);
  if (waiting) return 'Pending';
  const ended = containers.every((container) => container.phase.kind === 'terminated');
  if (!ended || restartPolicy === 'Always') return 'Running';
  const failed = containers.some(
    (container) => container.phase.kind === 'terminated' && container.phase.exit.code !== 0,
  );
  if (failed) return restartPolicy === 'OnFailure' ? 'Running' : 'Failed';
  return 'Succeeded';
}

export interface StatusInput {
  pod: KubeObject;
  init: readonly ContainerState[];
  containers: readonly ContainerState[];
  /** Overrides the computed phase, e.g. for an evicted pod. */
  failure?: { reason: string; message: string } | undefined;
  startTime: string;
}

/** The status that the agent reports for a pod. */
export function podStatus({ pod, init, containers, failure, startTime }: StatusInput): JsonObject {
  const phase = failure ? 'Failed' : podPhase(init, containers, String(at(pod, 'spec', 'restartPolicy')));
  const initialized = init.every(
    (container) => container.phase.kind === 'terminated' && container.phase.exit.code === 0,
  );
  const ready = phase === 'Running' && containers.every((container) => container.phase.kind === 'running');
  const why =
    phase === 'Succeeded' ? 'PodCompleted' : phase === 'Failed' ? 'PodFailed' : 'ContainersNotReady';
  const known = objectsOf(at(pod, 'status', 'conditions'));
  const condition = (type: string, met: boolean): JsonObject => {
    const status = met ? 'True' : 'False';
    const before = known.find((entry) => entry['type'] === type);
    const since = before?.['status'] === status ? before['lastTransitionTime'] : kubeTime(Date.now());
    return { type, status, lastProbeTime: null, lastTransitionTime: since, ...(met ? {} : { reason: why }) };
  };
  const own = new Set(['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady']);
  const uid = pod.metadata.uid;
  return {
    phase,
    conditions: [
      ...known.filter((entry) => !own.has(String(entry['type']))),
      condition('PodReadyToStartContainers', true),
      condition('Initialized', initialized),
      condition('Ready', ready),
      condition('ContainersReady', ready),
    ],
    hostIP: podIp,
    hostIPs: [{ ip: podIp }],
    podIP: podIp,
    podIPs: [{ ip: podIp }],
    startTime,
    ...failure,
    ...(init.length > 0
      ? { initContainerStatuses: init.map((container) => containerStatus(container, uid, true)) }
      : {}),
    containerStatuses: containers.map((container) => containerStatus(container, uid, false)),
  };
}
