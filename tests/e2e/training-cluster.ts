import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FineTuneJob } from '@tuneyard/controller/api';
import { KubeClient, loadConnection, type KubeObject } from '@tuneyard/controller/kube';
import { startControlPlane, startNodeAgent, startPodBinder, type NodeAgent } from '@tuneyard/local';
import { parse } from 'yaml';
import { REPOSITORY } from '../support/repository.js';
import { writeTinyModel } from '../support/tiny-model.js';
import { queueObject, startControllerProcess, until, type ControllerProcess } from './controller/cluster.js';
import { DEFINITIONS, JOBS, QUEUES } from './controller/kinds.js';

/** A local cluster whose pods are real trainers of a tiny model, with a queue `team` of all its GPUs. */
export interface TrainingCluster {
  readonly client: KubeClient;
  readonly kubeconfig: string;
  readonly controller: ControllerProcess;
  /** Temporary, removed at the end. */
  readonly folder: string;
  /** Creates a job in namespace `default`: the tiny model on 32 rows, over whose spec `spec` goes. */
  submit(name: string, spec: object): Promise<void>;
  job(name: string): Promise<FineTuneJob>;
  /** Waits until the job looks so, for a minute if nothing else is said. */
  jobWhen(
    name: string,
    what: string,
    holds: (job: FineTuneJob) => boolean,
    withinMs?: number,
  ): Promise<FineTuneJob>;
  /** sha256 of the adapter that the job wrote. */
  adapterDigest(name: string): string;
  /** Adds a node with so many H100. */
  addNode(name: string, gpus: number): Promise<void>;
  /** The node goes down with all its processes, which nobody reports; it stands as not ready. */
  loseNode(name: string): Promise<void>;
  close(): Promise<void>;
}

/** @param nodes H100 of each node */
export async function startTrainingCluster(
  controllerArgs: readonly string[] = [],
  nodes: Readonly<Record<string, number>> = { 'gpu-0': 4 },
): Promise<TrainingCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'tuneyard-training-'));
  const closers: (() => Promise<unknown> | void)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const plane = await startControlPlane({ kubeconfigPath: join(folder, 'kubeconfig') });
    closers.push(() => plane.close());
    const kubeconfig = plane.kubeconfigPath;
    const client = new KubeClient(loadConnection(kubeconfig), { qps: 0 });
    closers.push(() => client.close());
    for (const name of ['finetunejobs', 'gpuqueues']) {
      const text = await readFile(join(REPOSITORY, `deploy/crds/${name}.yaml`), 'utf8');
      await client.create(DEFINITIONS, parse(text) as KubeObject);
    }
    const binder = await startPodBinder({ kubeconfig });
    closers.push(() => binder.close());
    const agents = new Map<string, NodeAgent>();
    const addNode = async (name: string, gpus: number) => {
      const labels = { 'kubernetes.io/hostname': name, 'nvidia.com/gpu.product': 'NVIDIA-H100-80GB-HBM3' };
      const capacity = { cpu: '16', memory: '64Gi', 'nvidia.com/gpu': String(gpus) };
      const agent = await startNodeAgent({
        kubeconfig,
        nodes: [{ name, labels, capacity }],
        workDir: join(folder, 'work', name),
        pathPrepend: [join(REPOSITORY, 'node_modules/.bin')],
      });
      agents.set(name, agent);
    };
    const loseNode = async (name: string) => {
      await agents.get(name)?.close();
      agents.delete(name);
    };
    closers.push(() => Promise.all([...agents.keys()].map(loseNode)));
    for (const [name, gpus] of Object.entries(nodes)) await addNode(name, gpus);
    const controller = await startControllerProcess(kubeconfig, controllerArgs);
    closers.push(() => controller.stop());
    const quota = Object.values(nodes).reduce((sum, gpus) => sum + gpus, 0);
    await client.create(QUEUES, queueObject('team', quota));
    const file = (name: string) => pathToFileURL(join(folder, name)).href;
    writeTinyModel(join(folder, 'model'));
    const rows = Array.from({ length: 32 }, (_, i) => ({
      instruction: `part ${i}`,
      output: `${(i * 37) % 101}`,
    }));
    writeFileSync(join(folder, 'data.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'));
    const job = (name: string) => client.get<FineTuneJob>(JOBS, { name, namespace: 'default' });
    return {
      client,
      kubeconfig,
      controller,
      folder,
      job,
      adapterDigest: (name) =>
        createHash('sha256')
          .update(readFileSync(join(folder, 'out', name, 'adapter_model.safetensors')))
          .digest('hex'),
      addNode,
      loseNode,
      submit: async (name, spec) => {
        await client.create(JOBS, {
          apiVersion: 'tuneyard.dev/v1alpha1',
          kind: 'FineTuneJob',
          metadata: { name, namespace: 'default' },
          spec: {
            queueName: 'team',
            model: { source: file('model') },
            method: { type: 'lora', lora: { rank: 4 } },
            dataset: {
              sources: [{ uri: file('data.jsonl') }],
              split: { train: 1, validation: 0, test: 0 },
              maxLength: 64,
            },
            output: { uri: file(`out/${name}`) },
            ...spec,
          },
        } as unknown as FineTuneJob);
      },
      jobWhen: (name, what, holds, withinMs = 60_000) =>
        until(
          `${name} ${what}`,
          async () => {
            const found = await job(name);
            return holds(found) ? found : undefined;
          },
          withinMs,
        ),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
