import type { KubeObject } from '@tuneyard/controller/kube';

/** What the controller writes for the job `mine`, to be changed at one point. */

/** The job; its uid is known once it is stored. */
export const owner = { uid: '' };

export const LABELS = { 'tuneyard.dev/job': 'mine', 'app.kubernetes.io/name': 'tuneyard-trainer' };
const metadata = (more: object): object => ({
  namespace: 'default',
  labels: LABELS,
  ownerReferences: [
    {
      apiVersion: 'tuneyard.dev/v1alpha1',
      kind: 'FineTuneJob',
      name: 'mine',
      uid: owner.uid,
      controller: true,
      blockOwnerDeletion: true,
    },
  ],
  ...more,
});
export const container = (more: object = {}) => ({
  name: 'trainer',
  image: 'trainer',
  resources: { limits: { 'nvidia.com/gpu': '1' } },
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  ...more,
});
export const pod = (spec: object = {}, more: object = {}): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: metadata({ name: 'mine-worker-0', ...more }),
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 65532 },
      containers: [container()],
      ...spec,
    },
  }) as unknown as KubeObject;
export const inContainer = (more: object) => pod({ containers: [container(more)] });
export const secret = (more: object = {}, fields: object = {}) =>
  ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: metadata({ name: 'mine-identity-0', ...more }),
    type: 'Opaque',
    ...fields,
  }) as unknown as KubeObject;
export const policy = (more: object = {}, podSelector: object = { matchLabels: LABELS }) =>
  ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metadata({ name: 'mine-trainers', ...more }),
    spec: { podSelector, policyTypes: ['Ingress'] },
  }) as unknown as KubeObject;
export const lease = (name: string, namespace: string) =>
  ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace },
    spec: {},
  }) as unknown as KubeObject;
export const event = (apiVersion: string) =>
  ({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `e-${Math.random().toString(36).slice(2)}`, namespace: 'default' },
    involvedObject: { apiVersion, kind: 'X', name: 'mine', namespace: 'default' },
    source: { component: 'tuneyard-controller' },
    reason: 'R',
    type: 'Normal',
  }) as KubeObject;
