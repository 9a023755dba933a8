import type { KubeObject } from '../../kube/index.js';

/** An Event of Kubernetes, as far as it is shown. */
export interface JobEvent extends KubeObject {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly count?: number;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
}

/** When it was last seen, milliseconds since 1970. */
export const timeOf = ({ lastTimestamp, eventTime, metadata }: JobEvent): number =>
  Date.parse(lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '') || 0;
