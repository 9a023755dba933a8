import type { FineTuneJob, GpuQueue } from '../api/index.js';
import { JOB_RESOURCE, QUEUE_RESOURCE } from '../api/index.js';
import type { Indexer, KubeClient, KubeObject, ReflectorOptions, Resource } from '../kube/index.js';
import { Reflector } from '../kube/index.js';
import type { NodeObject, PodObject } from '../pool/index.js';
import { NAMESPACES, NODES, PODS } from './kinds.js';
import { owningJob } from './owning-job.js';
import { soundJob, soundQueue, withSoundSpec } from './stored-object.js';
import type { VouchedStatuses } from './vouched-statuses.js';

export const BY_JOB = 'job';
export const BY_NODE = 'node';
export const BY_QUEUE = 'queue';
export const BY_UID = 'uid';

export const POD_INDEXERS: Readonly<Record<string, Indexer<PodObject>>> = {
  [BY_JOB]: (pod) => {
    const job = owningJob(pod);
    return job === undefined ? [] : [job.key];
  },
  [BY_NODE]: ({ spec }) => (spec?.nodeName === undefined || spec.nodeName === '' ? [] : [spec.nodeName]),
};

/** What the controller knows of the cluster. */
export interface Caches {
  readonly jobs: Reflector<FineTuneJob>;
  readonly queues: Reflector<GpuQueue>;
  readonly nodes: Reflector<NodeObject>;
  readonly pods: Reflector<PodObject>;
  readonly namespaces: Reflector<KubeObject>;
}

export interface CachesOptions {
  /** What the controller has written itself, in the form that it reads. */
  readonly vouched: VouchedStatuses;
  /** Jobs of these namespaces alone; nodes and foreign pods are always those of the whole cluster. Absent: all. */
  readonly namespaces?: readonly string[] | undefined;
  readonly onError?: (resource: Resource, error: unknown) => void;
  /** Told of an object of which some part of the controller cannot take notice. */
  readonly onFault?: (resource: Resource, key: string, error: unknown) => void;
  readonly reflector?: Pick<ReflectorOptions<KubeObject>, 'pageSize' | 'stallMs' | 'watchSeconds'>;
}

export function createCaches(client: KubeClient, options: CachesOptions): Caches {
  const reflect = <T extends KubeObject>(resource: Resource, more: ReflectorOptions<T> = {}) =>
    new Reflector<T>(client, resource, {
      ...options.reflector,
      transform: withoutManagedFields,
      onError: (error) => options.onError?.(resource, error),
      onFault: (key, error) => options.onFault?.(resource, key, error),
      ...more,
    });
  const { vouched } = options;
  return {
    jobs: reflect<FineTuneJob>(JOB_RESOURCE, {
      ...inNamespaces(options.namespaces),
      transform: (job) => {
        const lean = withoutManagedFields(job);
        return vouched.has(lean) ? withSoundSpec(lean) : soundJob(lean);
      },
      indexers: {
        // Its GPUs count where it was admitted.
        [BY_QUEUE]: ({ spec, status }) => [status?.placement?.queueName ?? spec.queueName],
        [BY_UID]: ({ metadata }) => [metadata.uid ?? ''],
      },
    }),
    queues: reflect<GpuQueue>(QUEUE_RESOURCE, {
      transform: (queue) => soundQueue(withoutManagedFields(queue)),
    }),
    nodes: reflect<NodeObject>(NODES),
    pods: reflect<PodObject>(PODS, {
      indexers: POD_INDEXERS,
    }),
    namespaces: reflect<KubeObject>(NAMESPACES),
  };
}

/** One namespace is asked for alone; of several, the API server can only be asked for all. */
function inNamespaces(
  namespaces: readonly string[] = [],
): Pick<ReflectorOptions<FineTuneJob>, 'namespace' | 'accepts'> {
  if (namespaces.length < 2) return { namespace: namespaces[0] };
  const watched = new Set(namespaces);
  return { accepts: ({ metadata }) => watched.has(metadata.namespace ?? 'default') };
}

/** The bulk of most objects, and of no use here. */
function withoutManagedFields<T extends KubeObject>(object: T): T {
  if (!('managedFields' in object.metadata)) return object;
  const { managedFields: _dropped, ...metadata } = object.metadata;
  return { ...object, metadata };
}
