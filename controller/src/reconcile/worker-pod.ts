import type { CONTRACT_VARIABLES, FineTuneJob, PodTemplate } from '../api/index.js';
import {
  API_VERSION,
  ATTEMPT_LABEL,
  estimatedRequests,
  FINE_TUNE_JOB_KIND,
  JOB_LABEL,
  QUEUE_ANNOTATION,
  TRAINER_CONTAINER,
  WORKER_INDEX_LABEL,
} from '../api/index.js';
import type { OwnerReference } from '../kube/index.js';
import type { NodeNeeds, PodObject, Requests } from '../pool/index.js';
import { GPU_RESOURCE, GPU_TOLERATION, requestsOfPod } from '../pool/index.js';
import { mergePod } from './pod/merge-pod.js';
import type { TrainerNetwork } from './pod/network-policy.js';
import { confine, CONTAINER_SECURITY, POD_SECURITY } from './pod/security.js';
import { withoutGpus } from './pod/without-gpus.js';
import { STORAGE_VARIABLES, storageOf } from './pod/storage.js';
import { workerName } from './worker-name.js';
import { CACHE_VARIABLES, writableVolumes, WRITABLE_MOUNTS, type ModelCache } from './pod/volumes.js';

export interface WorkerPodOptions {
  /** `host:port` at which trainers reach the coordinator. */
  readonly coordinatorAddress: string;
  /** Image of the trainer, unless the job names one. */
  readonly trainerImage: string;
  /** Port on which trainers serve their metrics, named in their pods; absent or 0 = any free one. */
  readonly trainerMetricsPort?: number | undefined;
  /** @default 'emptyDir' */
  readonly modelCache?: ModelCache | undefined;
  /** Jobs may give their pods more rights than the restricted Pod Security Standard. @default false */
  readonly allowPrivilegedTemplates?: boolean | undefined;
  /** What trainers may reach beside their peers; absent: anything, and there are no policies. */
  readonly network?: TrainerNetwork | undefined;
}

export interface WorkerPlan {
  readonly index: number;
  readonly node: string;
  /** Extended resource and how much of it. */
  readonly resource: string;
  readonly gpus: number;
  readonly attempt: number;
  /** Seconds between SIGTERM and SIGKILL, in which the worker writes a checkpoint; absent: Kubernetes' 30. */
  readonly graceSeconds?: number | undefined;
  /** Host memory that the worker needs beside its GPUs, where it is known; absent: only what every process needs. */
  readonly hostBytes?: number | undefined;
}

/** Secrets hold up to 1 MiB; a worker's certificate and key take 2 KiB. */
export const WORKERS_PER_SECRET = 256;
/** The Secret from which worker `index` of a job has its token and certificates. */
export const identitySecretName = (job: string, index: number) =>
  `${job}-identity-${Math.floor(index / WORKERS_PER_SECRET)}`;
export const TOKEN_KEY = 'token';
export const CA_KEY = 'ca.pem';
export const COORDINATOR_CA_KEY = 'coordinator-ca.pem';
/** Key and certificate of one worker. */
export const identityKey = (index: number) => `worker-${index}.pem`;
/** Where a worker finds its own; a volume, so that newer ones reach a running pod. */
const IDENTITY_FOLDER = '/var/run/tuneyard/identity';
const IDENTITY_VOLUME = 'tuneyard-identity';
const READABLE_BY_OWNER = 0o400;

/** The job as the owner of what it makes, so that deleting it leaves nothing. */
export const ownerReference = ({ metadata }: FineTuneJob): OwnerReference => ({
  apiVersion: API_VERSION,
  kind: FINE_TUNE_JOB_KIND,
  name: metadata.name,
  uid: metadata.uid ?? '',
  controller: true,
  blockOwnerDeletion: true,
});

/**
 * The pod of one worker: pinned to its planned node, ended for good when its process ends, and confined whatever the
 * job's templates say. They must have been checked by `podTemplateProblems`.
 */
export function buildWorkerPod(job: FineTuneJob, plan: WorkerPlan, options: WorkerPodOptions): PodObject {
  const { name: jobName, namespace = 'default' } = job.metadata;
  const template: PodTemplate = job.spec.template ?? {};
  const labels = {
    'app.kubernetes.io/name': 'tuneyard-trainer',
    'app.kubernetes.io/managed-by': 'tuneyard',
    [JOB_LABEL]: jobName,
    [WORKER_INDEX_LABEL]: String(plan.index),
    [ATTEMPT_LABEL]: String(plan.attempt),
  };
  const annotations = { [QUEUE_ANNOTATION]: job.status?.placement?.queueName ?? job.spec.queueName };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: workerName(jobName, plan.index),
      namespace,
      labels: { ...template.labels, ...labels },
      annotations: { ...template.annotations, ...annotations },
      ownerReferences: [ownerReference(job)],
    },
    spec: {
      restartPolicy: 'Never',
      // Trainers talk to the coordinator alone.
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: POD_SECURITY,
      ...(plan.graceSeconds === undefined ? {} : { terminationGracePeriodSeconds: plan.graceSeconds }),
      ...pick(template, ['serviceAccountName', 'priorityClassName', 'nodeSelector']),
      volumes: merged('volumes', writableVolumes(options.modelCache ?? 'emptyDir'), template.volumes, [
        identityVolume(jobName, plan.index),
        ...storageOf(job.spec).volumes,
      ]),
      tolerations: template.tolerations ?? [],
      affinity: { nodeAffinity: requiredNode(plan.node) },
      containers: [trainerContainer(job, plan, options)],
    },
  };
  const { metadata, spec } = mergePod(pod, job.spec.podTemplate ?? {}) as typeof pod & Extended;
  return {
    ...pod,
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, ...labels },
      annotations: { ...metadata.annotations, ...annotations },
    },
    spec: {
      ...spec,
      // A list of tolerations replaces the one before it.
      tolerations: [{ ...GPU_TOLERATION, effect: 'NoSchedule' }, ...spec.tolerations],
      containers: withoutGpus(confine(spec.containers)),
      ...(spec.initContainers === undefined
        ? {}
        : { initContainers: withoutGpus(confine(spec.initContainers)) }),
    },
  } as PodObject;
}

/** What the pods of the job ask of a node, in all places where the job can say so. */
export function nodeNeedsOf({ spec: { template, podTemplate } }: FineTuneJob): NodeNeeds {
  const { nodeSelector, tolerations } = (podTemplate?.spec ?? {}) as Partial<NodeNeeds>;
  return {
    nodeSelector: { ...template?.nodeSelector, ...nodeSelector },
    tolerations: tolerations ?? template?.tolerations ?? [],
  };
}

/**
 * What a worker of the job takes of its node besides GPUs, as its pod will ask for it.
 * @param hostBytes as in {@link WorkerPlan}
 */
export function requestsOfWorker(job: FineTuneJob, gpus: number, hostBytes?: number): Requests {
  const plan = { index: 0, node: '', resource: GPU_RESOURCE, gpus, attempt: 0, hostBytes };
  const { template, podTemplate } = job.spec;
  // Most jobs add nothing that asks for anything.
  const pod =
    podTemplate?.spec === undefined
      ? { metadata: {}, spec: { containers: [{ resources: resourcesOf(plan, template?.resources) }] } }
      : buildWorkerPod(job, plan, { coordinatorAddress: '', trainerImage: '' });
  const requests = requestsOfPod(pod as PodObject);
  return Object.fromEntries(Object.entries(requests).filter(([resource]) => resource !== GPU_RESOURCE));
}

/** What a patch may add to a pod. */
interface Extended {
  readonly spec: { readonly initContainers?: readonly object[] };
}

function trainerContainer(job: FineTuneJob, plan: WorkerPlan, options: WorkerPodOptions): object {
  const { name: jobName, namespace = 'default', uid = '' } = job.metadata;
  const template: PodTemplate = job.spec.template ?? {};
  const metricsPort = options.trainerMetricsPort ?? 0;
  const contract: Record<(typeof CONTRACT_VARIABLES)[number], string | { readonly valueFrom: object }> = {
    TUNEYARD_COORDINATOR: options.coordinatorAddress,
    TUNEYARD_JOB_NAMESPACE: namespace,
    TUNEYARD_JOB_NAME: jobName,
    TUNEYARD_JOB_UID: uid,
    TUNEYARD_MEMBER_ID: workerName(jobName, plan.index),
    TUNEYARD_TOKEN: {
      valueFrom: { secretKeyRef: { name: identitySecretName(jobName, plan.index), key: TOKEN_KEY } },
    },
    TUNEYARD_IDENTITY: IDENTITY_FOLDER,
    TUNEYARD_POD_IP: { valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
    TUNEYARD_NODE: { valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
    TUNEYARD_METRICS_PORT: String(metricsPort),
  };
  const variables = Object.entries(contract).map(([name, value]) =>
    typeof value === 'string' ? { name, value } : { name, ...value },
  );
  return {
    name: TRAINER_CONTAINER,
    securityContext: CONTAINER_SECURITY,
    image: template.image ?? options.trainerImage,
    ...pick(template, ['imagePullPolicy']),
    command: template.command ?? ['tuneyard-trainer', 'worker'],
    volumeMounts: merged('volumeMounts', WRITABLE_MOUNTS, template.volumeMounts, [
      { name: IDENTITY_VOLUME, mountPath: IDENTITY_FOLDER, readOnly: true },
      ...storageOf(job.spec).mounts,
    ]),
    env: merged('env', [...CACHE_VARIABLES, ...STORAGE_VARIABLES], template.env, variables),
    ...(metricsPort === 0 ? {} : { ports: [{ name: 'metrics', containerPort: metricsPort }] }),
    resources: resourcesOf(plan, template.resources),
  };
}

/** GPUs as planned; processors and host memory as the job says, or a request by the estimate and no limit. */
function resourcesOf({ resource, gpus, hostBytes }: WorkerPlan, { cpu, memory }: ResourceWishes = {}) {
  const limits = { ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) };
  const requests = { ...estimatedRequests({ gpus, hostBytes }), ...limits };
  return {
    limits: { ...limits, [resource]: String(gpus) },
    requests: { ...requests, [resource]: String(gpus) },
  };
}

type ResourceWishes = NonNullable<PodTemplate['resources']>;

/** Lists of a pod, each over those before it. */
const merged = (field: string, ...lists: (readonly object[] | undefined)[]) =>
  lists.reduce<Record<string, readonly object[]>>(
    (pod, items) => (items === undefined ? pod : mergePod(pod, { [field]: items })),
    {},
  )[field] ?? [];

/** What one worker may know of its job's Secret: its own key, and whom to trust. */
const identityVolume = (job: string, index: number) => ({
  name: IDENTITY_VOLUME,
  secret: {
    secretName: identitySecretName(job, index),
    defaultMode: READABLE_BY_OWNER,
    items: [
      { key: identityKey(index), path: 'identity.pem' },
      { key: CA_KEY, path: CA_KEY },
      { key: COORDINATOR_CA_KEY, path: COORDINATOR_CA_KEY },
    ],
  },
});

/** By field, not by label: a node's hostname label need not be its name. */
const requiredNode = (node: string) => ({
  requiredDuringSchedulingIgnoredDuringExecution: {
    nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }],
  },
});

interface Pinned {
  readonly affinity?: { readonly nodeAffinity?: Partial<ReturnType<typeof requiredNode>> };
}

/** The node that the pod of a worker is bound to or waits for. */
export function plannedNodeOf({ spec }: PodObject): string | undefined {
  if (spec?.nodeName !== undefined && spec.nodeName !== '') return spec.nodeName;
  const required = (spec as Pinned | undefined)?.affinity?.nodeAffinity;
  const [term] = required?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  return term?.matchFields[0]?.values[0];
}

function pick<T extends object, K extends keyof T>(from: T, keys: readonly K[]): Partial<Pick<T, K>> {
  const picked: Partial<Pick<T, K>> = {};
  for (const key of keys) if (from[key] !== undefined) picked[key] = from[key];
  return picked;
}
