import type { FineTuneJob, PodTemplate } from '../api/index.js';
import {
  API_VERSION,
  ATTEMPT_LABEL,
  FINE_TUNE_JOB_KIND,
  JOB_LABEL,
  WORKER_INDEX_LABEL,
} from '../api/index.js';
import type { OwnerReference } from '../kube/index.js';
import type { PodObject } from '../pool/index.js';
import { GPU_TOLERATION } from '../pool/index.js';

export interface WorkerPodOptions {
  /** `host:port` at which trainers reach the coordinator. */
  readonly coordinatorAddress: string;
  /** Image of the trainer, unless the job names one. */
  readonly trainerImage: string;
  /** Port on which trainers serve their metrics, named in their pods; absent or 0 = any free one. */
  readonly trainerMetricsPort?: number | undefined;
}

export interface WorkerPlan {
  readonly index: number;
  readonly node: string;
  /** Extended resource and how much of it. */
  readonly resource: string;
  readonly gpus: number;
  readonly attempt: number;
}

const CONTAINER = 'trainer';

/** The user of the trainer's image. */
const TRAINER_USER = 65532;
/** What the `restricted` Pod Security Standard asks for; a job's template cannot widen it. */
const POD_SECURITY = {
  runAsNonRoot: true,
  runAsUser: TRAINER_USER,
  runAsGroup: TRAINER_USER,
  fsGroup: TRAINER_USER,
  seccompProfile: { type: 'RuntimeDefault' },
};
const CONTAINER_SECURITY = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };

export const workerName = (job: string, index: number) => `${job}-worker-${index}`;

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

/** The pod of one worker: pinned to its planned node, ended for good when its process ends. */
export function buildWorkerPod(job: FineTuneJob, plan: WorkerPlan, options: WorkerPodOptions): PodObject {
  const { name: jobName, namespace = 'default', uid = '' } = job.metadata;
  const template: PodTemplate = job.spec.template ?? {};
  const name = workerName(jobName, plan.index);
  const labels = {
    ...template.labels,
    'app.kubernetes.io/name': 'tuneyard-trainer',
    'app.kubernetes.io/managed-by': 'tuneyard',
    [JOB_LABEL]: jobName,
    [WORKER_INDEX_LABEL]: String(plan.index),
    [ATTEMPT_LABEL]: String(plan.attempt),
  };
  const metricsPort = options.trainerMetricsPort ?? 0;
  const gpus = { [plan.resource]: String(plan.gpus) };
  const { cpu, memory } = template.resources ?? {};
  const compute = { ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      labels,
      ...(template.annotations === undefined ? {} : { annotations: template.annotations }),
      ownerReferences: [ownerReference(job)],
    },
    spec: {
      restartPolicy: 'Never',
      // Trainers talk to the coordinator alone.
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: POD_SECURITY,
      ...pick(template, ['serviceAccountName', 'priorityClassName', 'nodeSelector']),
      volumes: [...(template.volumes ?? []), identityVolume(jobName, plan.index)],
      tolerations: [{ ...GPU_TOLERATION, effect: 'NoSchedule' }, ...(template.tolerations ?? [])],
      affinity: { nodeAffinity: requiredNode(plan.node) },
      containers: [
        {
          name: CONTAINER,
          securityContext: CONTAINER_SECURITY,
          image: template.image ?? options.trainerImage,
          ...pick(template, ['imagePullPolicy']),
          volumeMounts: [
            ...(template.volumeMounts ?? []),
            { name: IDENTITY_VOLUME, mountPath: IDENTITY_FOLDER, readOnly: true },
          ],
          command: template.command ?? ['tuneyard-trainer', 'worker'],
          // The job's own variables first: later ones of the same name win, and those of the contract must.
          env: [
            ...(template.env ?? []),
            { name: 'TUNEYARD_COORDINATOR', value: options.coordinatorAddress },
            { name: 'TUNEYARD_JOB_NAMESPACE', value: namespace },
            { name: 'TUNEYARD_JOB_NAME', value: jobName },
            { name: 'TUNEYARD_JOB_UID', value: uid },
            { name: 'TUNEYARD_MEMBER_ID', value: name },
            {
              name: 'TUNEYARD_TOKEN',
              valueFrom: { secretKeyRef: { name: identitySecretName(jobName, plan.index), key: TOKEN_KEY } },
            },
            { name: 'TUNEYARD_IDENTITY', value: IDENTITY_FOLDER },
            { name: 'TUNEYARD_POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
            { name: 'TUNEYARD_METRICS_PORT', value: String(metricsPort) },
          ],
          ...(metricsPort === 0 ? {} : { ports: [{ name: 'metrics', containerPort: metricsPort }] }),
          resources: { limits: { ...compute, ...gpus }, requests: { ...compute, ...gpus } },
        },
      ],
    },
  };
  return pod;
}

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

function pick<T extends object, K extends keyof T>(from: T, keys: readonly K[]): Partial<Pick<T, K>> {
  const picked: Partial<Pick<T, K>> = {};
  for (const key of keys) if (from[key] !== undefined) picked[key] = from[key];
  return picked;
}
