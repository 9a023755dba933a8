import type { KubeObject } from '../kube/resource.js';

/** What the pool reads of core objects. */

export interface Taint {
  readonly key: string;
  readonly value?: string | undefined;
  readonly effect: string;
}

export interface Toleration {
  readonly key?: string | undefined;
  readonly operator?: string | undefined;
  readonly value?: string | undefined;
  readonly effect?: string | undefined;
}

export interface NodeObject extends KubeObject {
  readonly spec?:
    | { readonly unschedulable?: boolean | undefined; readonly taints?: readonly Taint[] | undefined }
    | undefined;
  readonly status?:
    | {
        readonly allocatable?: Readonly<Record<string, string>> | undefined;
        readonly conditions?: readonly { readonly type: string; readonly status: string }[] | undefined;
      }
    | undefined;
}

interface Resources {
  readonly requests?: Readonly<Record<string, string>> | undefined;
  readonly limits?: Readonly<Record<string, string>> | undefined;
}

export interface Container {
  readonly name: string;
  readonly resources?: Resources | undefined;
  /** Always: an init container that runs beside the others, a sidecar. */
  readonly restartPolicy?: string | undefined;
}

export interface ContainerState {
  readonly terminated?:
    | {
        readonly exitCode: number;
        readonly reason?: string | undefined;
        readonly message?: string | undefined;
      }
    | undefined;
  readonly waiting?:
    { readonly reason?: string | undefined; readonly message?: string | undefined } | undefined;
  readonly running?: { readonly startedAt?: string | undefined } | undefined;
}

export interface PodObject extends KubeObject {
  readonly spec?:
    | {
        readonly nodeName?: string | undefined;
        readonly containers: readonly Container[];
        readonly initContainers?: readonly Container[] | undefined;
        readonly resources?: Resources | undefined;
        readonly overhead?: Readonly<Record<string, string>> | undefined;
      }
    | undefined;
  readonly status?:
    | {
        readonly phase?: string | undefined;
        readonly reason?: string | undefined;
        readonly message?: string | undefined;
        readonly conditions?:
          | readonly {
              readonly type: string;
              readonly status: string;
              readonly reason?: string | undefined;
              readonly message?: string | undefined;
            }[]
          | undefined;
        readonly initContainerStatuses?:
          readonly { readonly name: string; readonly state?: ContainerState | undefined }[] | undefined;
        readonly containerStatuses?:
          | readonly {
              readonly name: string;
              readonly state?: ContainerState | undefined;
              readonly resources?: Resources | undefined;
              readonly allocatedResources?: Readonly<Record<string, string>> | undefined;
            }[]
          | undefined;
      }
    | undefined;
}

/** The pod no longer uses what it asked for. */
export const isTerminated = (pod: PodObject) =>
  pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
