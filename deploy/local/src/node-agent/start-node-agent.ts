import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { at } from '../apiserver/json.js';
import type { KubeObject } from '../apiserver/kube-object.js';
import { UserError, messageOf } from '../errors.js';
import { Informer, keyOf } from '../kube-client/informer.js';
import { KubeClient } from '../kube-client/kube-client.js';
import { startKubeletServer } from './kubelet-server.js';
import { LogClock } from './log-clock.js';
import { readNodes, type NodeDefinition } from './node-definition.js';
import { NodeHeartbeat } from './node-heartbeat.js';
import { PodRuntime } from './pod-runtime.js';
import { memoryByGroup } from './process-table.js';
import type { OrphanPolicy } from './container-process.js';

export interface NodeAgentOptions {
  /** Path of a kubeconfig file. */
  kubeconfig: string;
  /** Path of a YAML file with nodes, or the definitions themselves. */
  nodes: string | readonly NodeDefinition[];
  /** Runs pods of this namespace only; default: of every namespace. */
  namespace?: string;
  /** Folder for volumes and logs; made when it is not there. */
  workDir: string;
  /** Folders put before PATH of every process, e.g. `node_modules/.bin`. */
  pathPrepend?: readonly string[];
  /** Address that the API server finds this agent at; default 127.0.0.1. */
  address?: string;
  /** Port for logs; 0 (default): any free one. */
  port?: number;
  /** Seconds before a container's first restart; default 10, as a kubelet. */
  restartBackoffSeconds?: number;
  /** Seconds after which a changed Secret or ConfigMap has reached the volumes of running pods; default 60, as a kubelet. */
  volumeSyncSeconds?: number;
  /** Leave processes running when the agent stops; the next agent with the same workDir takes them over. Default false. */
  keepProcesses?: boolean;
  /** What becomes of processes when the agent is killed; default `adopt`: the next agent with the same workDir takes them over. */
  orphans?: OrphanPolicy;
}

export interface NodeAgent {
  nodes: string[];
  /** Reports a node as ready or not, on demand. */
  setReady(node: string, ready: boolean): Promise<void>;
  /** Number of pods whose processes are followed. */
  readonly podCount: number;
  /** Kills every process (unless keepProcesses), and reports the nodes as not ready. */
  close(): Promise<void>;
}

const clockMilliseconds = 200;
const memoryCheckMilliseconds = 1000;

/**
 * Registers simulated nodes and runs the pods that are bound to them as local processes. Works against any API server.
 * Throws UserError for a kubeconfig, node file or port that cannot be used.
 */
export async function startNodeAgent(options: NodeAgentOptions): Promise<NodeAgent> {
  const definitions = typeof options.nodes === 'string' ? readNodes(options.nodes) : [...options.nodes];
  const client = await KubeClient.fromKubeconfig(options.kubeconfig, 'tuneyard-node-agent');
  const workDir = path.resolve(options.workDir);
  try {
    mkdirSync(path.join(workDir, 'pods'), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new UserError(`The work folder ${workDir} cannot be made: ${messageOf(error)}.`);
  }
  const pods = new Map<string, PodRuntime>();
  const byName = new Map<string, PodRuntime>();
  const kubelet = await startKubeletServer(
    {
      folder: (namespace, pod, container, previous) =>
        byName.get(`${namespace}/${pod}`)?.logFolder(container, previous),
      isRunning: (namespace, pod, container) =>
        byName.get(`${namespace}/${pod}`)?.isRunning(container) ?? false,
    },
    options.address ?? '127.0.0.1',
    options.port ?? 0,
  );
  const endpoint = { address: options.address ?? '127.0.0.1', port: kubelet.port };
  const heartbeats = new Map(
    definitions.map((node) => [node.name, new NodeHeartbeat(client, node, endpoint)]),
  );

  const changed = (pod: KubeObject): void => {
    const { uid } = pod.metadata;
    const known = pods.get(uid);
    if (known) return known.update(pod);
    const phase = at(pod, 'status', 'phase');
    if (phase === 'Succeeded' || phase === 'Failed') {
      if (!pod.metadata.deletionTimestamp) return;
    }
    const runtime = new PodRuntime(pod, {
      client,
      workDir,
      pathPrepend: (options.pathPrepend ?? []).map((folder) => path.resolve(folder)),
      orphans: options.orphans ?? 'adopt',
      restartBackoffSeconds: options.restartBackoffSeconds ?? 10,
    });
    pods.set(uid, runtime);
    byName.set(keyOf(pod), runtime);
    if (!pod.metadata.deletionTimestamp) runtime.start();
    else runtime.update(pod);
  };
  const gone = (pod: KubeObject): void => {
    const runtime = pods.get(pod.metadata.uid);
    pods.delete(pod.metadata.uid);
    if (runtime && byName.get(keyOf(pod)) === runtime) byName.delete(keyOf(pod));
    void runtime?.destroy();
  };
  const informers = definitions.map(
    (node) =>
      new Informer(
        client,
        options.namespace === undefined ? '/api/v1/pods' : `/api/v1/namespaces/${options.namespace}/pods`,
        `fieldSelector=${encodeURIComponent(`spec.nodeName=${node.name}`)}`,
        { changed, gone },
      ),
  );

  for (const [name, heartbeat] of heartbeats) {
    const own = `fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}`;
    informers.push(new Informer(client, '/api/v1/nodes', own, { changed: (node) => heartbeat.obey(node) }));
  }

  try {
    await Promise.all([...heartbeats.values()].map((heartbeat) => heartbeat.start()));
    await Promise.all(informers.map((informer) => informer.start()));
  } catch (error) {
    for (const heartbeat of heartbeats.values()) heartbeat.stop();
    await kubelet.close();
    throw new UserError(`The API server of ${options.kubeconfig} cannot be used: ${messageOf(error)}`);
  }
  forgetStrangers(
    workDir,
    informers.flatMap((informer) => [...informer.objects.values()]),
  );

  const clock = new LogClock();
  const clockTimer = setInterval(
    () =>
      clock.tick(
        [...pods.values()].flatMap((pod) => pod.activeLogs()),
        Date.now(),
      ),
    clockMilliseconds,
  );
  const memoryTimer = setInterval(() => {
    if (pods.size === 0) return;
    const usage = memoryByGroup();
    for (const pod of pods.values()) pod.enforceMemory(usage);
  }, memoryCheckMilliseconds);
  const volumeTimer = setInterval(
    () => {
      for (const pod of pods.values()) void pod.refreshVolumes();
    },
    (options.volumeSyncSeconds ?? 60) * 1000,
  );

  // Even an agent that dies of a fault of its own leaves no process behind.
  const killAll = (): void => {
    for (const pod of pods.values()) pod.kill();
  };
  if (!options.keepProcesses) process.once('exit', killAll);

  return {
    nodes: definitions.map((node) => node.name),
    get podCount() {
      return pods.size;
    },
    setReady: async (node, ready) => {
      const heartbeat = heartbeats.get(node);
      if (!heartbeat)
        throw new UserError(`This agent has no node "${node}"; it has ${[...heartbeats.keys()].join(', ')}.`);
      await heartbeat.setReady(ready);
    },
    close: async () => {
      process.off('exit', killAll);
      clearInterval(clockTimer);
      clearInterval(memoryTimer);
      clearInterval(volumeTimer);
      await Promise.all(informers.map((informer) => informer.stop()));
      if (options.keepProcesses) for (const pod of pods.values()) pod.release();
      else await Promise.all([...pods.values()].map((pod) => pod.destroy()));
      await Promise.race([
        Promise.all([...heartbeats.values()].map((heartbeat) => heartbeat.leave())),
        new Promise((resolve) => {
          setTimeout(resolve, 1000).unref();
        }),
      ]);
      await kubelet.close();
      client.close();
    },
  };
}

/** Removes folders of pods that are gone, left by an agent that was killed. */
function forgetStrangers(workDir: string, pods: readonly KubeObject[]): void {
  const known = new Set(pods.map((pod) => pod.metadata.uid));
  for (const entry of readdirSync(path.join(workDir, 'pods'))) {
    if (!known.has(entry)) rmSync(path.join(workDir, 'pods', entry), { recursive: true, force: true });
  }
}
