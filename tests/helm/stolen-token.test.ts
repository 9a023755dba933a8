import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeClient, loadConnection, type KubeObject, type Resource } from '@tuneyard/controller/kube';
import { startControlPlane } from '@tuneyard/local';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobObject, queueObject } from '../e2e/controller/cluster.js';
import { DEFINITIONS, EVENTS, JOBS, NAMESPACES, PODS, QUEUES, SECRETS } from '../e2e/controller/kinds.js';
import { skipReason } from './cases.js';
import {
  container,
  event,
  inContainer,
  LABELS,
  lease,
  owner,
  pod,
  policy,
  secret,
} from './controller-writes.js';
import { renderChart } from './render-chart.js';

/** Who holds the controller's token writes what the controller writes, by the permissions and policies of the chart. */

const RELEASE = 'tuneyard-system';
const resource = (group: string, plural: string, kind: string, namespaced = true): Resource => ({
  group,
  version: 'v1',
  plural,
  kind,
  namespaced,
});
const ADMISSION = 'admissionregistration.k8s.io';
const RBAC = 'rbac.authorization.k8s.io';
const POLICIES = resource('networking.k8s.io', 'networkpolicies', 'NetworkPolicy');
const LEASES = resource('coordination.k8s.io', 'leases', 'Lease');
const MADE = [
  resource(RBAC, 'clusterroles', 'ClusterRole', false),
  resource(RBAC, 'clusterrolebindings', 'ClusterRoleBinding', false),
  resource(RBAC, 'roles', 'Role'),
  resource(RBAC, 'rolebindings', 'RoleBinding'),
  resource(ADMISSION, 'validatingadmissionpolicies', 'ValidatingAdmissionPolicy', false),
  resource(ADMISSION, 'validatingadmissionpolicybindings', 'ValidatingAdmissionPolicyBinding', false),
];

let admin: KubeClient;
let thief: KubeClient;
let alice: KubeClient;
const closers: (() => Promise<unknown> | void)[] = [];

beforeAll(async () => {
  if (skipReason !== undefined) return;
  const plane = await startControlPlane({ rbac: true });
  closers.push(() => plane.close());
  admin = new KubeClient(loadConnection(plane.kubeconfigPath), { qps: 0 });
  for (const name of ['finetunejobs', 'gpuqueues']) {
    const text = readFileSync(new URL(`../../helm/tuneyard/crds/${name}.yaml`, import.meta.url), 'utf8');
    await admin.create(DEFINITIONS, parse(text) as KubeObject);
  }
  for (const name of [RELEASE, 'team-a', 'team-b'])
    await admin.create(NAMESPACES, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
    });
  const values = {
    controller: { watchNamespaces: ['default', 'team-a'] },
    admissionPolicies: { pool: true, priorityClasses: ['batch'], exemptNamespaces: ['kube-system'] },
  };
  const { objects } = renderChart({ values, namespace: RELEASE });
  for (const made of MADE)
    for (const object of objects.filter(({ kind }) => kind === made.kind)) await admin.create(made, object);
  await admin.create(MADE[1]!, {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: 'alice' },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ apiGroup: RBAC, kind: 'User', name: 'alice' }],
  } as KubeObject);
  const folder = await mkdtemp(join(tmpdir(), 'tuneyard-token-'));
  closers.push(() => rm(folder, { recursive: true }));
  const clientOf = async (user: string) => {
    const file = join(folder, user.replaceAll(':', '-'));
    await writeFile(file, plane.clientKubeconfig(user, ['system:authenticated']));
    return new KubeClient(loadConnection(file), { qps: 0 });
  };
  thief = await clientOf(`system:serviceaccount:${RELEASE}:tuneyard-controller`);
  alice = await clientOf('alice');
  closers.push(
    () => admin.close(),
    () => thief.close(),
    () => alice.close(),
  );
  await admin.create(QUEUES, queueObject('team', 2));
  await admin.create(JOBS, jobObject('elastic', { workers: { min: 1, max: 4 } }));
  await admin.create(JOBS, jobObject('unstated', { workers: { min: 4 } }));
  const job = await admin.create(JOBS, jobObject('mine', {}));
  owner.uid = job.metadata.uid ?? '';
  for (const name of ['batch', 'high'])
    await admin.create(resource('scheduling.k8s.io', 'priorityclasses', 'PriorityClass', false), {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name },
      value: 10,
    } as KubeObject);
  const theirs = { name: 'theirs', ownerReferences: [], labels: {} };
  await admin.create(PODS, pod({ containers: [container({ resources: {} })] }, theirs));
  await admin.create(SECRETS, secret({ name: 'db-password', ownerReferences: [], labels: {} }));
  await admin.create(POLICIES, policy({ name: 'of-the-team', ownerReferences: [], labels: {} }));
});

afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const scale = (name: string, replicas: number) =>
  thief.mergePatch(JOBS, { name, namespace: 'default' }, { spec: { replicas } }, { subresource: 'scale' });
const token = { projected: { sources: [{ serviceAccountToken: { path: 't' } }] } };
/** What is tried, and who says no: the permissions (RBAC) or a policy, by its words. */
const STOLEN: readonly (readonly [what: string, by: string, write: () => Promise<unknown>])[] = [
  [
    'a pod without an owner',
    'only what one FineTuneJob owns',
    () => thief.create(PODS, pod({}, { ownerReferences: [] })),
  ],
  [
    'a pod without the label of its job',
    'only what one FineTuneJob owns',
    () => thief.create(PODS, pod({}, { labels: {} })),
  ],
  [
    'a pod of a job under the label of another',
    'only what one FineTuneJob owns',
    () => thief.create(PODS, pod({}, { labels: { ...LABELS, 'tuneyard.dev/job': 'theirs' } })),
  ],
  ['more workers for a job', 'workers.max was not given', () => scale('elastic', 64)],
  ['fewer workers for a job', 'workers.max was not given', () => scale('elastic', 1)],
  ['a pod of another name', 'are workers of a job', () => thief.create(PODS, pod({}, { name: 'etcd' }))],
  ['a pod in kube-system', 'cannot create', () => thief.create(PODS, pod({}, { namespace: 'kube-system' }))],
  [
    "a pod in the release's namespace",
    'cannot create',
    () => thief.create(PODS, pod({}, { namespace: RELEASE })),
  ],
  [
    'a pod in a namespace of others',
    'cannot create',
    () => thief.create(PODS, pod({}, { namespace: 'team-b' })),
  ],
  [
    'a folder of the node',
    'no volume',
    () => thief.create(PODS, pod({ volumes: [{ name: 'v', hostPath: { path: '/' } }] })),
  ],
  [
    'the token of a service account',
    'no volume',
    () => thief.create(PODS, pod({ volumes: [{ name: 'v', ...token }] })),
  ],
  [
    'a mounted token',
    'have no token',
    () => thief.create(PODS, pod({ automountServiceAccountToken: true, serviceAccountName: 'admin' })),
  ],
  [
    "the node's network",
    'share nothing with their node',
    () => thief.create(PODS, pod({ hostNetwork: true })),
  ],
  [
    'a pod on a node of choice',
    'share nothing with their node',
    () => thief.create(PODS, pod({ nodeName: 'control-plane' })),
  ],
  ['root', 'are not root', () => thief.create(PODS, pod({ securityContext: { runAsUser: 0 } }))],
  [
    'a privileged container',
    'restricted Pod Security Standard',
    () => thief.create(PODS, inContainer({ securityContext: { privileged: true } })),
  ],
  [
    'a privileged init container',
    'restricted Pod Security Standard',
    () =>
      thief.create(
        PODS,
        pod({ initContainers: [container({ name: 'i', securityContext: { privileged: true } })] }),
      ),
  ],
  [
    'a port of the node',
    'restricted Pod Security Standard',
    () => thief.create(PODS, inContainer({ ports: [{ containerPort: 80, hostPort: 80 }] })),
  ],
  [
    'the deletion of a foreign pod',
    'only what one FineTuneJob owns',
    () => thief.delete(PODS, { name: 'theirs', namespace: 'default' }),
  ],
  [
    'a Secret without an owner',
    'only what one FineTuneJob owns',
    () => thief.create(SECRETS, secret({ ownerReferences: [] })),
  ],
  [
    'a Secret of another name',
    'identities of a job',
    () => thief.create(SECRETS, secret({ name: 'kubeconfig' })),
  ],
  [
    'a Secret that becomes a token',
    'are Opaque',
    () => thief.create(SECRETS, secret({}, { type: 'kubernetes.io/service-account-token' })),
  ],
  [
    'the Secret of a team, adopted',
    'only what one FineTuneJob owns',
    () => thief.apply(SECRETS, secret({ name: 'db-password' }), { fieldManager: 'x', force: true }),
  ],
  [
    'a Secret that is read',
    'cannot get',
    () => thief.get(SECRETS, { name: 'db-password', namespace: 'default' }),
  ],
  [
    'the network policy of a team, adopted',
    'only what one FineTuneJob owns',
    () => thief.apply(POLICIES, policy({ name: 'of-the-team' }), { fieldManager: 'x', force: true }),
  ],
  [
    'a network policy for all pods',
    'select the trainers of one job',
    () => thief.apply(POLICIES, policy({}, {}), { fieldManager: 'x', force: true }),
  ],
  [
    'the lease of another program',
    'holds one lease',
    () => thief.create(LEASES, lease('kube-scheduler', RELEASE)),
  ],
  ['an event of a node', 'tell of its own objects', () => thief.create(EVENTS, event('v1'))],
  [
    'the deletion of a job that runs',
    'deletes only finished jobs',
    () => thief.delete(JOBS, { name: 'mine', namespace: 'default' }),
  ],
  ['a job', 'cannot create', () => thief.create(JOBS, jobObject('more', {}))],
  ['a queue', 'cannot create', () => thief.create(QUEUES, queueObject('mine', 100))],
  ['the end of the policy', 'cannot delete', () => thief.delete(MADE[4]!, { name: 'tuneyard-controller' })],
  [
    'rights for itself',
    'cannot create',
    () =>
      thief.create(MADE[1]!, {
        apiVersion: `${RBAC}/v1`,
        kind: 'ClusterRoleBinding',
        metadata: { name: 'x' },
        roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'cluster-admin' },
      } as KubeObject),
  ],
];

describe.skipIf(skipReason !== undefined)("with the controller's token", () => {
  it('what the controller itself writes is let in', async () => {
    await thief.create(PODS, pod());
    await thief.create(
      PODS,
      pod({ volumes: [{ name: 'v', secret: { secretName: 's' } }] }, { name: 'mine-worker-1' }),
    );
    await thief.apply(SECRETS, secret(), { fieldManager: 'x', force: false });
    await thief.apply(SECRETS, secret({}, { stringData: { a: 'b' } }), { fieldManager: 'x', force: false });
    await thief.apply(POLICIES, policy(), { fieldManager: 'x' });
    await thief.create(LEASES, lease('tuneyard-controller', RELEASE));
    await thief.create(EVENTS, event('tuneyard.dev/v1alpha1'));
    await scale('unstated', 4);
    await thief.create(
      SECRETS,
      secret({ name: 'tuneyard-authority', namespace: RELEASE, ownerReferences: [] }),
    );
    await thief.delete(PODS, { name: 'mine-worker-1', namespace: 'default' });
  });

  it.each(STOLEN)('%s is refused', async (_what, by, write) => {
    await expect(write()).rejects.toThrow(by);
  });
});

describe.skipIf(skipReason !== undefined)('for everybody else', () => {
  const plain = (fields: object = {}, more: object = {}) => ({
    ...pod({ containers: [container({ resources: {} })], ...fields }),
    metadata: { name: `p-${Math.random().toString(36).slice(2)}`, namespace: 'team-a', ...more },
  });

  it('pods without GPUs are let in, and those of exempt namespaces', async () => {
    await alice.create(PODS, plain({ priorityClassName: 'batch' }));
    await alice.create(
      PODS,
      plain({ containers: [container()], priorityClassName: 'high' }, { namespace: 'kube-system' }),
    );
  });

  it.each([
    ['a GPU', { containers: [container()] }],
    [
      'a slice of a GPU',
      { containers: [container({ resources: { limits: { 'nvidia.com/mig-1g.10gb': '1' } } })] },
    ],
    ['a GPU of an init container', { initContainers: [container({ name: 'i' })] }],
    ['a claim of a device', { resourceClaims: [{ name: 'gpu', resourceClaimName: 'c' }] }],
  ])('%s is for jobs', async (_what, fields) => {
    await expect(alice.create(PODS, plain(fields))).rejects.toThrow(
      'GPUs of this cluster are for FineTuneJobs',
    );
  });

  it('a variable may not choose GPUs, nor a label say that a pod is of a job', async () => {
    const env = [{ name: 'NVIDIA_VISIBLE_DEVICES', value: 'all' }];
    await expect(
      alice.create(PODS, plain({ containers: [container({ env, resources: {} })] })),
    ).rejects.toThrow('may not choose GPUs');
    await expect(alice.create(PODS, plain({}, { labels: LABELS }))).rejects.toThrow(
      'for pods of the controller',
    );
  });

  it('priority classes are those of the list, in pods and in jobs', async () => {
    const said = 'this priority class is not allowed here; allowed are: batch';
    await expect(alice.create(PODS, plain({ priorityClassName: 'system-node-critical' }))).rejects.toThrow(
      said,
    );
    for (const template of [
      { template: { priorityClassName: 'high' } },
      { podTemplate: { spec: { priorityClassName: 'high' } } },
    ])
      await expect(alice.create(JOBS, jobObject('eager', template))).rejects.toThrow(said);
    await alice.create(JOBS, jobObject('patient', { template: { priorityClassName: 'batch' } }));
  });
});

it.skipIf(skipReason !== undefined)('a name that is too long is refused with its field', async () => {
  const long = jobObject('n'.repeat(53), {});
  await expect(alice.create(JOBS, long)).rejects.toThrow(
    /metadata\.name: Invalid value: .*metadata\.name must be at most 52 characters/,
  );
});
