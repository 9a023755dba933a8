import type { JsonObject } from '../apiserver/json.js';
import { kubeTime } from '../apiserver/kube-object.js';
import type { ContainerExit, ContainerProcess } from './container-process.js';

/** What one container of a pod does now. */
export type ContainerPhase =
  | { kind: 'waiting'; reason: string; message?: string }
  | { kind: 'running'; process: ContainerProcess }
  | { kind: 'terminated'; exit: ContainerExit; startedAt: number; finishedAt: number };

export interface ContainerState {
  name: string;
  image: string;
  phase: ContainerPhase;
  /** The end before the present phase, if it ran before. */
  last?: Extract<ContainerPhase, { kind: 'terminated' }>;
  restarts: number;
}

function stateOf(phase: ContainerPhase): JsonObject {
  switch (phase.kind) {
    case 'waiting':
      return { waiting: { reason: phase.reason, ...(phase.message ? { message: phase.message } : {}) } };
    case 'running':
      return { running: { startedAt: kubeTime(phase.process.startedAt) } };
    default:
      return {
        terminated: {
          exitCode: phase.exit.code,
          reason: phase.exit.reason,
          ...(phase.exit.message ? { message: phase.exit.message } : {}),
          startedAt: kubeTime(phase.startedAt),
          finishedAt: kubeTime(phase.finishedAt),
        },
      };
  }
}

/** The entry of `containerStatuses` for a container. `isInit`: ready means that it has completed. */
export function containerStatus(container: ContainerState, podUid: string, isInit: boolean): JsonObject {
  const { phase } = container;
  const done = phase.kind === 'terminated' && phase.exit.code === 0;
  return {
    name: container.name,
    image: container.image,
    imageID: '',
    containerID:
      phase.kind === 'waiting' ? '' : `process://${podUid}/${container.name}/${container.restarts}`,
    state: stateOf(phase),
    lastState: container.last ? stateOf(container.last) : {},
    ready: isInit ? done : phase.kind === 'running',
    started: phase.kind === 'running',
    restartCount: container.restarts,
  };
}
