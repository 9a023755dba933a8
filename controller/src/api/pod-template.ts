import type { z } from 'zod';
import { choice, documented, flag, freeForm, integer, list, objectName, stringMap, text } from './schema.js';

const keyRef = (description: string) =>
  documented(description, {
    name: objectName('Name of the object.'),
    key: text('Key in it.', 253),
    optional: flag('Do not fail when it is absent.').optional(),
  });

const env = documented('An environment variable.', {
  name: text('Name of the variable.', 253),
  value: text('Its value.', 32768).optional(),
  valueFrom: documented('Where its value comes from.', {
    secretKeyRef: keyRef('A key of a Secret.').optional(),
    configMapKeyRef: keyRef('A key of a ConfigMap.').optional(),
  }).optional(),
});

const toleration = documented('A taint that the workers accept.', {
  key: text('Key of the taint; absent with operator Exists: every taint.', 317).optional(),
  operator: choice('How the value is compared. Default Equal.', ['Equal', 'Exists']).optional(),
  value: text('Value of the taint.', 63).optional(),
  effect: choice('Effect of the taint; absent: every effect.', [
    'NoSchedule',
    'PreferNoSchedule',
    'NoExecute',
  ]).optional(),
  tolerationSeconds: integer('For how long, with NoExecute.', 0, 2 ** 31 - 1).optional(),
});

const volume = documented('A volume of the pod.', {
  name: text('Name, for volumeMounts.', 63),
  persistentVolumeClaim: documented('A claim in the namespace of the job.', {
    claimName: objectName('Name of the claim.'),
    readOnly: flag('Mount it read-only.').optional(),
  }).optional(),
  hostPath: documented('A folder of the node.', {
    path: text('Absolute path.', 1024),
    type: text('As in Kubernetes.', 32).optional(),
  }).optional(),
  emptyDir: documented('An empty folder that goes with the pod.', {
    medium: text('Empty, or Memory.', 16).optional(),
    sizeLimit: text('Such as 10Gi.', 32).optional(),
  }).optional(),
  secret: documented('A Secret as files.', { secretName: objectName('Name of the Secret.') }).optional(),
  configMap: documented('A ConfigMap as files.', { name: objectName('Name of the ConfigMap.') }).optional(),
});

const volumeMount = documented('Where a volume appears in the trainer.', {
  name: text('Name of the volume.', 63),
  mountPath: text('Absolute path in the container.', 1024),
  subPath: text('Folder in the volume.', 1024).optional(),
  readOnly: flag('Mount it read-only.').optional(),
});

const resources = documented('CPU and memory of a worker; its GPUs come from workers.gpusPerWorker.', {
  cpu: text('Such as 4 or 500m.', 32).optional(),
  memory: text('Such as 32Gi.', 32).optional(),
});

/** What a user may change about the pods of a job. */
export const podTemplateSchema = documented('Changes to the pods of the job.', {
  image: text(
    'Image of the trainer. Default: the one that the controller was started with.',
    1024,
  ).optional(),
  imagePullPolicy: choice('As in Kubernetes.', ['Always', 'IfNotPresent', 'Never']).optional(),
  command: list(
    'Replaces the command of the trainer, for an image of your own.',
    text('A word of it.', 4096),
    64,
  ).optional(),
  labels: stringMap('More labels on the pods.', 32).optional(),
  annotations: stringMap('More annotations on the pods.', 32).optional(),
  nodeSelector: stringMap('Labels that a node must have.', 32).optional(),
  tolerations: list(
    'Taints that the workers accept, besides that of nvidia.com/gpu.',
    toleration,
    32,
  ).optional(),
  env: list('More environment variables of the trainer.', env, 128).optional(),
  volumes: list('More volumes.', volume, 32).optional(),
  volumeMounts: list('Where they appear in the trainer.', volumeMount, 32).optional(),
  serviceAccountName: objectName('Service account of the pods; trainers need none.').optional(),
  priorityClassName: objectName('Priority class of the pods.').optional(),
  resources: resources.optional(),
});

/** What {@link podTemplateSchema} has no field for. */
export const podPatchSchema = documented(
  'A strategic merge patch over the pods of the job, for what template has no field for: lists merge by their keys ' +
    '(containers, volumes and env by name, volumeMounts by mountPath), others are replaced. The trainer is the ' +
    'container called trainer. It cannot give the pods more rights unless the controller allows that.',
  {
    metadata: documented('More labels and annotations.', {
      labels: stringMap('More labels on the pods.', 32).optional(),
      annotations: stringMap('More annotations on the pods.', 32).optional(),
    }).optional(),
    spec: freeForm('Fields of a PodSpec.').optional(),
  },
);

export type PodTemplate = z.output<typeof podTemplateSchema>;
export type PodPatch = z.output<typeof podPatchSchema>;
