import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { KubeObject } from '@tuneyard/controller/kube';
import { isAlreadyExists, KubeClient, loadConnection } from '@tuneyard/controller/kube';
import type { NodeAgent } from '@tuneyard/local';
import { startControlPlane, startNodeAgent, startPodBinder } from '@tuneyard/local';
import { until } from '../controller/cluster.js';
import { DEFINITIONS, NODES } from '../controller/kinds.js';
import { NAMESPACES } from './kinds.js';

/** Where the suite runs: the cluster that KUBECONFIG names, or a local control plane when it names none. */
export interface TestCluster {
  readonly client: KubeClient;
  readonly kubeconfig: string;
  /** True when the cluster is not ours: it may hold other things, and has a scheduler of its own. */
  readonly foreign: boolean;
  /** A namespace for this test file alone. */
  readonly namespace: string;
  /** Temporary folder, removed at the end. */
  readonly folder: string;
  /**
   * Registers a simulated node of a flavor and a taint of its own; its pods of this namespace run here, and find shell scripts by the
   * names of `programs`. Returns its name.
   */
  startNode(gpus: number, programs?: Readonly<Record<string, string>>): Promise<string>;
  /** Installs a CustomResourceDefinition and waits until it is served; ours is removed at the end. */
  install(definition: KubeObject): Promise<void>;
  close(): Promise<void>;
}

/** Longest wait for something that a real cluster does by and by: its garbage collector may take a minute. */
export const PATIENCE_MS = 90_000;

/** Keeps everything but this suite away from its nodes. */
const TAINT = 'conformance.tuneyard.dev/node';

/**
 * The kind of GPU of a namespace's nodes. No other queue has quota for it, so that neither a Tuneyard that is there nor
 * another file of this suite places its jobs on them.
 */
export const flavorOf = (namespace: string) => `T${namespace.slice(-5)}`;

export const TOLERATIONS = ['nvidia.com/gpu', TAINT].map((key) => ({
  key,
  operator: 'Exists',
  effect: 'NoSchedule',
}));

/** Node selector and tolerations that bring a pod to {@link TestCluster.startNode}'s node. */
export const onNode = (name: string) => ({
  nodeSelector: { 'kubernetes.io/hostname': name },
  tolerations: TOLERATIONS,
});

export async function startTestCluster(): Promise<TestCluster> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tuneyard-conformance-'));
  const given = process.env['KUBECONFIG'] ?? '';
  const closers: (() => Promise<unknown> | void)[] = [() => rm(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    let kubeconfig = given;
    if (given === '') {
      const plane = await startControlPlane({ kubeconfigPath: path.join(folder, 'kubeconfig') });
      closers.push(() => plane.close());
      kubeconfig = plane.kubeconfigPath;
      const binder = await startPodBinder({ kubeconfig });
      closers.push(() => binder.close());
    }
    const client = new KubeClient(loadConnection(kubeconfig), { qps: 0 });
    closers.push(() => client.close());
    const made = await client.create<KubeObject>(NAMESPACES, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: '', generateName: 'tuneyard-conformance-' },
    } as KubeObject);
    const namespace = made.metadata.name;
    closers.push(() => client.delete(NAMESPACES, { name: namespace }));
    return {
      client,
      kubeconfig,
      foreign: given !== '',
      namespace,
      folder,
      startNode: async (gpus, programs = {}) => {
        const bin = path.join(folder, 'bin');
        await mkdir(bin);
        for (const [name, script] of Object.entries(programs))
          await writeFile(path.join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
        const agent = await startNode(kubeconfig, namespace, folder, gpus);
        closers.push(() => leave(client, agent));
        return agent.nodes[0] ?? '';
      },
      install: async (definition) => {
        if (await install(client, definition))
          closers.push(() => client.delete(DEFINITIONS, definition.metadata));
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function startNode(kubeconfig: string, namespace: string, folder: string, gpus: number): Promise<NodeAgent> {
  const name = `${namespace}-gpu`;
  return startNodeAgent({
    kubeconfig,
    // Whatever else a foreign cluster puts on every node must not run on this machine.
    namespace,
    nodes: [
      {
        name,
        labels: {
          'kubernetes.io/hostname': name,
          'nvidia.com/gpu.product': `NVIDIA-${flavorOf(namespace)}-80GB`,
        },
        taints: [
          { key: 'nvidia.com/gpu', value: 'present', effect: 'NoSchedule' },
          { key: TAINT, value: 'present', effect: 'NoSchedule' },
        ],
        capacity: { cpu: '16', memory: '64Gi', 'nvidia.com/gpu': String(gpus) },
      },
    ],
    workDir: path.join(folder, 'work'),
    pathPrepend: [path.join(folder, 'bin')],
  });
}

async function leave(client: KubeClient, agent: NodeAgent): Promise<void> {
  await agent.close();
  for (const name of agent.nodes) await client.delete(NODES, { name });
}

/** @returns false when the cluster already had it */
async function install(client: KubeClient, definition: KubeObject): Promise<boolean> {
  let ours = true;
  await client.create(DEFINITIONS, definition).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
    ours = false;
  });
  await until(
    `${definition.metadata.name} is established`,
    async () => {
      const found = await client.get<
        KubeObject & { readonly status?: { readonly conditions?: { type: string; status: string }[] } }
      >(DEFINITIONS, definition.metadata);
      return (found.status?.conditions ?? []).some(
        ({ type, status }) => type === 'Established' && status === 'True',
      );
    },
    PATIENCE_MS,
  );
  return ours;
}
