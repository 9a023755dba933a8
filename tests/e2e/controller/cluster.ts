import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { request } from 'node:https';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { FineTuneJob, GpuQueue } from '@tuneyard/controller/api';
import { KubeClient, loadConnection } from '@tuneyard/controller/kube';
import { startControlPlane, startPodBinder, type ControlPlaneOptions } from '@tuneyard/local';
import { REPOSITORY_URL } from '../../support/repository.js';
import { addGpuNode, installDefinitions } from './furnish.js';
import { confirmDeletions } from './kubelet.js';

/** A local API server with the CRDs and GPU nodes, and a binder; its pods are run by whoever the test lets run them. */
export interface Cluster {
  readonly client: KubeClient;
  readonly url: string;
  readonly token: string;
  readonly kubeconfig: string;
  addNode(name: string, gpus: number): Promise<void>;
  /** Asks the test bench of the local server for trouble: `faults`, `watches/cut` or `compact`. */
  disturb(what: string, order?: object): Promise<void>;
  close(): Promise<void>;
}

/** Those of the local API server (`rbac`, `tokens`, `bookmarkSeconds` …), and whether to install the definitions. */
export interface ClusterOptions extends ControlPlaneOptions {
  /** Default: jobs and queues are defined. */
  readonly crds?: boolean;
}

export async function startCluster({ crds, ...options }: ClusterOptions = {}): Promise<Cluster> {
  const plane = await startControlPlane(options);
  const client = new KubeClient(loadConnection(plane.kubeconfigPath), { qps: 0 });
  if (crds !== false) await installDefinitions(client);
  const binder = await startPodBinder({ kubeconfig: plane.kubeconfigPath });
  const stopConfirming = confirmDeletions(client);
  return {
    client,
    url: plane.url,
    token: plane.token,
    kubeconfig: plane.kubeconfigPath,
    addNode: (name, gpus) => addGpuNode(client, name, gpus),
    disturb: (what, order = {}) => post(`${plane.url}/tuneyard/v1/${what}`, plane.token, order),
    close: async () => {
      await stopConfirming();
      await binder.close();
      client.close();
      await plane.close();
    },
  };
}

/** The certificate of the local server is its own. */
function post(url: string, token: string, body: object): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const sending = request(url, { method: 'POST', headers, rejectUnauthorized: false }, (answer) => {
      answer.resume();
      if ((answer.statusCode ?? 500) < 300) resolve();
      else reject(new Error(`${url}: ${answer.statusCode}`));
    });
    sending.on('error', reject);
    sending.end(JSON.stringify(body));
  });
}

export const queueObject = (name: string, h100: number, more: object = {}) =>
  ({
    apiVersion: 'tuneyard.dev/v1alpha1',
    kind: 'GpuQueue',
    metadata: { name },
    spec: { quotas: [{ flavor: 'H100', nominal: h100 }], ...more },
  }) as GpuQueue;

export const jobObject = (name: string, spec: object = {}) =>
  ({
    apiVersion: 'tuneyard.dev/v1alpha1',
    kind: 'FineTuneJob',
    metadata: { name, namespace: 'default' },
    spec: {
      queueName: 'team',
      model: { source: 'file:///models/tiny' },
      dataset: { sources: [{ uri: 'file:///data/train.jsonl' }] },
      output: { uri: 'file:///out' },
      workers: { min: 2, max: 2 },
      ...spec,
    },
  }) as unknown as FineTuneJob;

/** The controller as a process of its own. */
export interface ControllerProcess {
  readonly process: ChildProcess;
  readonly metricsUrl: string;
  readonly coordinatorAddress: string;
  readonly logs: readonly string[];
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
}

/** As its image sets them. */
export const CONTROLLER_NODE_OPTIONS = ['--max-semi-space-size=64'];

export async function startControllerProcess(
  kubeconfig: string,
  args: readonly string[] = [],
): Promise<ControllerProcess> {
  const bin = fileURLToPath(new URL('controller/bin/tuneyard-controller.js', REPOSITORY_URL));
  const options = ['--kubeconfig', kubeconfig, '--kube-api-qps', '0', ...args];
  const child = spawn(process.execPath, [...CONTROLLER_NODE_OPTIONS, bin, ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const logs: string[] = [];
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.stderr.on('data', (chunk: Buffer) => logs.push(chunk.toString()));
  const started = await new Promise<{ metricsUrl: string; coordinatorAddress: string }>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      logs.push(line);
      const entry = JSON.parse(line) as { msg?: string; metricsUrl?: string; coordinatorAddress?: string };
      const { metricsUrl, coordinatorAddress } = entry;
      if (metricsUrl !== undefined && coordinatorAddress !== undefined)
        resolve({ metricsUrl, coordinatorAddress });
    });
    void exited.then((code) => reject(new Error(`the controller ended with ${code}: ${logs.join('\n')}`)));
  });
  return {
    process: child,
    ...started,
    logs,
    stop: () => {
      child.kill('SIGTERM');
      return exited;
    },
  };
}

/** Waits until `look` gives something; fails with what it saw last. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  timeoutMs = 10_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`timed out after ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
