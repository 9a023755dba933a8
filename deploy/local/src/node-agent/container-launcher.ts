import { existsSync } from 'node:fs';
import path from 'node:path';
import { objectsOf, stringOr, type JsonObject } from '../apiserver/json.js';
import type { KubeObject } from '../apiserver/kube-object.js';
import type { KubeClient } from '../kube-client/kube-client.js';
import { below, mapMountPaths, type Mount } from './container-paths.js';
import { ContainerProcess, type ContainerExit, type OrphanPolicy } from './container-process.js';
import { containerEnvironment, expand } from './environment.js';
import type { PodFiles } from './pod-files.js';
import { prepareMounts, prepareVolumes } from './volumes.js';

const strings = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

/** Turns a container of a pod into a process: volumes, environment, command. */
export class ContainerLauncher {
  private volumes: Map<string, string> | undefined;

  constructor(
    private readonly options: { client: KubeClient; pathPrepend: readonly string[]; orphans: OrphanPolicy },
    private readonly files: PodFiles,
  ) {}

  /** Brings Secrets and ConfigMaps that have changed into the volumes. */
  async refresh(pod: KubeObject): Promise<void> {
    if (this.volumes !== undefined) await prepareVolumes(this.options.client, pod, this.files);
  }

  /**
   * Starts an attempt in `folder`. Returns an exit when the command cannot be started. Throws ContainerConfigError
   * when something that the pod names is missing.
   */
  async launch(
    pod: KubeObject,
    container: JsonObject,
    folder: string,
  ): Promise<ContainerProcess | ContainerExit> {
    const { client, pathPrepend } = this.options;
    this.volumes ??= await prepareVolumes(client, pod, this.files);
    const name = stringOr(container['name'], '');
    const root = this.files.root(name);
    const mounts = prepareMounts(container, this.volumes, root);
    const env = await containerEnvironment(client, pod, container, pathPrepend);
    addMounts(env, container, mounts, root);
    env['TUNEYARD_ROOT'] = root;
    const words = [...strings(container['command']), ...strings(container['args'])];
    if (words.length === 0) {
      const message = `container "${name}" has no command; simulated nodes run processes, not images`;
      return { code: 127, reason: 'StartError', message };
    }
    const command = words.map((word) => mapMountPaths(expand(word, env), mounts));
    const wanted = stringOr(container['workingDir'], '');
    return ContainerProcess.start({
      command,
      env,
      folder,
      orphans: this.options.orphans,
      workingDir: wanted ? mapMountPaths(wanted, mounts) : root,
    });
  }
}

/**
 * Environment values that name a mount path get the real folder, and so does the folder that mounts lie in, where there
 * is none of its name on this machine; each mount also has a variable of its own.
 */
function addMounts(
  env: Record<string, string>,
  container: JsonObject,
  mounts: readonly Mount[],
  root: string,
): void {
  const parents = new Set(mounts.map(({ mountPath }) => path.dirname(mountPath)));
  for (const variable of objectsOf(container['env'])) {
    const name = stringOr(variable['name'], '');
    const value = env[name];
    if (value === undefined) continue;
    env[name] = parents.has(value) && !existsSync(value) ? below(root, value) : mapMountPaths(value, mounts);
  }
  for (const mount of mounts)
    env[`TUNEYARD_MOUNT_${mount.name.toUpperCase().replace(/\W/g, '_')}`] = mount.folder;
}
