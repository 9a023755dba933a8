import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ApiextensionsV1Api, KubeConfig, KubernetesObjectApi, loadYaml } from '@kubernetes/client-node';
import type { KubernetesObject } from '@kubernetes/client-node';
import { FINE_TUNE_JOBS, GPU_QUEUES } from '@tuneyard/controller/api';
import { openTemporaryFolder } from '@tuneyard/proto/processes';
import { startControlPlane, startNodeAgent, startPodBinder } from '@tuneyard/local';

export const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));

/** What the controller prints once it serves. */
interface ControllerAddresses {
  readonly metricsUrl: string;
  readonly coordinatorAddress: string;
}

/** A local control plane with two simulated GPU nodes, and the controller as a process of its own. */
export class Cluster {
  private readonly parts: (() => Promise<unknown>)[] = [];
  /** Folder for logs, volumes and the results of this run. */
  readonly folder: string;
  private readonly temporary = openTemporaryFolder('quickstart');
  readonly config = new KubeConfig();
  kubeconfig = '';
  metricsUrl = '';
  /** Of the controller that this run started. */
  controllerPid = 0;
  /** For a shell: starts the controller again at the same addresses, so that running trainers find it. */
  controllerCommand = '';

  private constructor() {
    this.folder = this.temporary.path;
  }

  static async start(options: {
    readonly apiPort: number;
    readonly onLine: (line: string) => void;
  }): Promise<Cluster> {
    const cluster = new Cluster();
    try {
      await cluster.startAll(options);
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  /** Applies one object, creating or replacing it. */
  async apply(object: KubernetesObject): Promise<void> {
    await KubernetesObjectApi.makeApiClient(this.config).patch(
      object,
      undefined,
      undefined,
      'tuneyard-quickstart',
      true,
      'application/apply-patch+yaml',
    );
  }

  /** Ends everything that was started, last first, and removes the folder. */
  async close(): Promise<void> {
    for (const stop of this.parts.reverse()) await stop();
    this.temporary.remove();
  }

  private async startAll({
    apiPort,
    onLine,
  }: {
    readonly apiPort: number;
    readonly onLine: (line: string) => void;
  }): Promise<void> {
    const plane = await startControlPlane({
      port: apiPort,
      kubeconfigPath: join(this.folder, 'kubeconfig'),
    });
    this.parts.push(() => plane.close());
    this.kubeconfig = plane.kubeconfigPath;
    this.config.loadFromFile(plane.kubeconfigPath);
    onLine(`control plane at ${plane.url}`);

    for (const name of [FINE_TUNE_JOBS, GPU_QUEUES]) {
      await this.apply(readYaml(join(REPOSITORY, `deploy/crds/${name}.yaml`)));
    }
    await this.crdsEstablished();

    const binder = await startPodBinder({ kubeconfig: plane.kubeconfigPath });
    this.parts.push(() => binder.close());
    const nodes = join(REPOSITORY, 'deploy/examples/support-desk/nodes.yaml');
    const agent = await startNodeAgent({
      kubeconfig: plane.kubeconfigPath,
      nodes,
      workDir: join(this.folder, 'node-agent'),
      pathPrepend: [join(REPOSITORY, 'node_modules/.bin')],
      // The control plane is in this process: nobody could follow them.
      orphans: 'end',
    });
    this.parts.push(() => agent.close());
    const { metricsUrl } = await this.startController(onLine);
    this.metricsUrl = metricsUrl;
    onLine(`controller started; metrics at ${metricsUrl}`);
  }

  private async crdsEstablished(): Promise<void> {
    const api = this.config.makeApiClient(ApiextensionsV1Api);
    for (;;) {
      const { items } = await api.listCustomResourceDefinition();
      const waiting = items.filter(
        ({ status }) =>
          !status?.conditions?.some(({ type, status: value }) => type === 'Established' && value === 'True'),
      );
      if (waiting.length === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  private async startController(onLine: (line: string) => void): Promise<ControllerAddresses> {
    mkdirSync(this.folder, { recursive: true });
    const logFile = join(this.folder, 'controller.log');
    const log = openSync(logFile, 'w');
    const command = (coordinator: string, metrics: string): readonly string[] => [
      join(REPOSITORY, 'controller/bin/tuneyard-controller.js'),
      '--kubeconfig',
      this.kubeconfig,
      '--coordinator-address',
      coordinator,
      // The example's volume is a folder of the node.
      '--allow-privileged-pod-templates',
      '--metrics-address',
      metrics,
    ];
    const child = spawn(process.execPath, command('127.0.0.1:0', '127.0.0.1:0'), {
      // It ends with this process, however that ends.
      stdio: ['ignore', 'pipe', log, 'ipc'],
    });
    closeSync(log);
    let isWanted = true;
    this.parts.push(() => {
      isWanted = false;
      return end(child);
    });
    const addresses = await addressesOf(child, logFile);
    this.controllerPid = child.pid ?? 0;
    const again = command(addresses.coordinatorAddress, new URL(addresses.metricsUrl).host);
    this.controllerCommand = ['node', ...again].join(' ');
    child.once('exit', (code, signal) => {
      if (!isWanted) return;
      onLine(
        `the controller ended (${signal ?? `exit code ${code}`}; its log: ${logFile}). Trainers that run go on; nothing is ` +
          `admitted, replaced or completed until it is back:\n  ${this.controllerCommand}`,
      );
    });
    return addresses;
  }
}

/** The addresses are in the first JSON line of its output that has them. */
async function addressesOf(child: ChildProcess, logFile: string): Promise<ControllerAddresses> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  for await (const line of lines) {
    const entry = parsed(line);
    if (entry?.metricsUrl && entry.coordinatorAddress) {
      child.stdout?.resume();
      return { metricsUrl: entry.metricsUrl, coordinatorAddress: entry.coordinatorAddress };
    }
  }
  throw new Error(`the controller ended before it served: ${readFileSync(logFile, 'utf8').trim()}`);
}

function parsed(line: string): Partial<ControllerAddresses> | undefined {
  try {
    return JSON.parse(line) as Partial<ControllerAddresses>;
  } catch {
    return undefined;
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

export function readYaml(file: string, replace: (text: string) => string = (text) => text): KubernetesObject {
  return loadYaml<KubernetesObject>(replace(readFileSync(file, 'utf8')));
}
