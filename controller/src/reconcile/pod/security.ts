import { mergePod } from './merge-pod.js';

/** The user of the trainer's image. */
const TRAINER_USER = 65532;

/** What the `restricted` Pod Security Standard asks of a pod. */
export const POD_SECURITY = {
  runAsNonRoot: true,
  runAsUser: TRAINER_USER,
  runAsGroup: TRAINER_USER,
  fsGroup: TRAINER_USER,
  seccompProfile: { type: 'RuntimeDefault' },
};

/** And of a container; beyond the standard, nothing is written but to volumes. */
export const CONTAINER_SECURITY = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};

interface Confinable {
  readonly securityContext?: object;
}

/** The same for containers that the job brings itself; what they say of their own accord stands. */
export const confine = <T extends object>(containers: readonly T[]): T[] =>
  containers.map((container) => ({
    ...container,
    securityContext: mergePod(CONTAINER_SECURITY, (container as Confinable).securityContext ?? {}),
  }));
