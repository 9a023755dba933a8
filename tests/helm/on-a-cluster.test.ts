import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FineTuneJob } from '@tuneyard/controller/api';
import { KubeClient, loadConnection, type KubeObject, type Resource } from '@tuneyard/controller/kube';
import { startControlPlane, startPodBinder } from '@tuneyard/local';
import { parse, parseAllDocuments } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobObject, queueObject, startControllerProcess, until } from '../e2e/controller/cluster.js';
import type { ControllerProcess } from '../e2e/controller/cluster.js';
import { speakFor, type WorkerPod } from '../e2e/controller/fake-worker.js';
import { DEFINITIONS, EVENTS, JOBS, NAMESPACES, NODES, PODS, QUEUES } from '../e2e/controller/kinds.js';
import { confirmDeletions, reportPod } from '../e2e/controller/kubelet.js';
import { goldenFile } from './cases.js';

/** The rendered chart in an API server that enforces RBAC, and the controller as the chart's service account. */

/** Of the kinds that the chart makes, those that the local API server serves. */
const KINDS: Readonly<Record<string, [plural: string, namespaced: boolean]>> = {
  Deployment: ['deployments', true],
  StatefulSet: ['statefulsets', true],
  Service: ['services', true],
  ServiceAccount: ['serviceaccounts', true],
  ConfigMap: ['configmaps', true],
  Secret: ['secrets', true],
  ClusterRole: ['clusterroles', false],
  ClusterRoleBinding: ['clusterrolebindings', false],
  Role: ['roles', true],
  RoleBinding: ['rolebindings', true],
  NetworkPolicy: ['networkpolicies', true],
  PodDisruptionBudget: ['poddisruptionbudgets', true],
  ValidatingAdmissionPolicy: ['validatingadmissionpolicies', false],
  ValidatingAdmissionPolicyBinding: ['validatingadmissionpolicybindings', false],
};

function resourceOf({ apiVersion = '', kind = '' }: KubeObject): Resource | undefined {
  const known = KINDS[kind];
  if (known === undefined) return undefined;
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  return { group: group ?? '', version: version ?? '', plural: known[0], kind, namespaced: known[1] };
}

const NETWORK_POLICIES: Resource = {
  group: 'networking.k8s.io',
  version: 'v1',
  plural: 'networkpolicies',
  kind: 'NetworkPolicy',
  namespaced: true,
};
const LEASES: Resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};

const objects = parseAllDocuments(readFileSync(goldenFile('ha'), 'utf8')).map(
  (document) => document.toJS() as KubeObject,
);

/** As the Deployment of the chart has it. */
const TRAINER_NETWORK = /--trainer-network=\{[^"].*\}(?="[,\]])/
  .exec(JSON.stringify(objects.find(({ kind }) => kind === 'Deployment')))![0]
  .replaceAll('\\"', '"');

let admin: KubeClient;
let controller: ControllerProcess;
const closers: (() => Promise<unknown> | void)[] = [];

beforeAll(async () => {
  const plane = await startControlPlane({ rbac: true });
  closers.push(() => plane.close());
  admin = new KubeClient(loadConnection(plane.kubeconfigPath), { qps: 0 });
  closers.push(() => admin.close());
  for (const name of ['finetunejobs', 'gpuqueues']) {
    const text = readFileSync(new URL(`../../helm/tuneyard/crds/${name}.yaml`, import.meta.url), 'utf8');
    await admin.create(DEFINITIONS, parse(text) as KubeObject);
  }
  for (const name of ['tuneyard-system', 'team-legal'])
    await admin.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  for (const object of objects) {
    const resource = resourceOf(object);
    if (resource !== undefined) await admin.create(resource, object);
  }
  const binder = await startPodBinder({ kubeconfig: plane.kubeconfigPath });
  closers.push(() => binder.close());
  closers.push(confirmDeletions(admin));
  await admin.create(NODES, {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'gpu-0', labels: { 'nvidia.com/gpu.product': 'NVIDIA-H100-80GB-HBM3' } },
  });
  const capacity = { cpu: '64', memory: '512Gi', pods: '110', 'nvidia.com/gpu': '2' };
  const conditions = [
    { type: 'Ready', status: 'True', reason: 'Ready', lastTransitionTime: '2026-01-01T00:00:00Z' },
  ];
  await admin.mergePatch(
    NODES,
    { name: 'gpu-0' },
    { status: { capacity, allocatable: capacity, conditions } },
    { subresource: 'status' },
  );
  const folder = await mkdtemp(join(tmpdir(), 'tuneyard-chart-'));
  closers.push(() => rm(folder, { recursive: true }));
  const kubeconfig = join(folder, 'kubeconfig');
  const account = 'system:serviceaccount:tuneyard-system:tuneyard-controller';
  await writeFile(
    kubeconfig,
    plane.clientKubeconfig(account, ['system:serviceaccounts', 'system:authenticated']),
  );
  controller = await startControllerProcess(kubeconfig, [
    '--leader-elect',
    '--lease-namespace',
    'tuneyard-system',
    TRAINER_NETWORK,
  ]);
  closers.push(() => controller.stop());
});

afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const metrics = async () => (await fetch(`${controller.metricsUrl}/metrics`)).text();

describe('the chart on a cluster that enforces its permissions', () => {
  it('lets the controller lead, run a job to its end and remove it, and is refused nothing', async () => {
    await until('it leads', async () => (await metrics()).includes('tuneyard_leader 1'));
    await admin.create(QUEUES, queueObject('team', 2));
    await admin.create(JOBS, jobObject('granted', { runPolicy: { ttlSecondsAfterFinished: 1 } }));
    const pods = await until('two pods', async () => {
      const { items } = await admin.list<WorkerPod>(PODS, { namespace: 'default' });
      return items.length === 2 ? items : undefined;
    });
    const workers = await Promise.all(pods.map((pod) => speakFor(admin, pod, controller.coordinatorAddress)));
    closers.push(() => workers.forEach((worker) => worker.close()));
    const policy = await admin.get<KubeObject & { spec: { egress: object[]; ingress: object[] } }>(
      NETWORK_POLICIES,
      { name: 'granted-trainers', namespace: 'default' },
    );
    // Its peers; beside them Prometheus, and the coordinator, name resolution and storage.
    expect(policy.spec.ingress).toHaveLength(2);
    expect(policy.spec.egress).toHaveLength(4);
    for (const pod of pods) await reportPod(admin, pod.metadata, 'Running');
    await until('both are welcome', () => Promise.resolve(workers.every((worker) => worker.has('welcome'))));
    for (const worker of workers) worker.ready();
    await until('it trains', async () => {
      const { status } = await admin.get<FineTuneJob>(JOBS, { name: 'granted', namespace: 'default' });
      return status?.phase === 'Training';
    });
    for (const worker of workers) worker.finish({ artifacts: [], metrics: [] });
    for (const pod of pods) await reportPod(admin, pod.metadata, 'Succeeded');
    await until('it is removed', async () => (await admin.list(JOBS)).items.length === 0);
    await until(
      'its policy with it',
      async () => (await admin.list(NETWORK_POLICIES, { namespace: 'default' })).items.length === 0,
    );
    expect((await admin.list(EVENTS, { namespace: 'default' })).items.length).toBeGreaterThan(0);
    expect((await admin.list(LEASES, { namespace: 'tuneyard-system' })).items).toHaveLength(1);
    const refused = (await metrics()).split('\n').filter((line) => /code="40[13]"/.test(line));
    expect(refused, controller.logs.join('\n')).toEqual([]);
  });

  it('takes every object of the chart that the server knows', async () => {
    for (const object of objects) {
      const resource = resourceOf(object);
      if (resource === undefined) continue;
      const stored = await admin.get(resource, object.metadata);
      expect(stored.metadata.name).toBe(object.metadata.name);
    }
  });
});
