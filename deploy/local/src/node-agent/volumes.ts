import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { at, isObject, objectOr, objectsOf, stringOr, type JsonObject } from '../apiserver/json.js';
import type { KubeObject } from '../apiserver/kube-object.js';
import { KubeError, type KubeClient } from '../kube-client/kube-client.js';
import { ContainerConfigError, VolumeMountError } from './container-config-error.js';
import { below, type Mount } from './container-paths.js';
import type { PodFiles } from './pod-files.js';
import { podField, readData, resourceField } from './pod-source.js';

/** Makes the folder of every volume, or brings its content up to date; returns the folder by volume name. */
export async function prepareVolumes(
  client: KubeClient,
  pod: KubeObject,
  files: PodFiles,
): Promise<Map<string, string>> {
  const result = new Map<string, string>();
  for (const volume of objectsOf(at(pod, 'spec', 'volumes'))) {
    const name = stringOr(volume['name'], '');
    try {
      result.set(name, await prepareVolume(client, pod, volume, files.volume(name)));
    } catch (error) {
      const isOfVolume = error instanceof ContainerConfigError || error instanceof KubeError;
      if (!isOfVolume) throw error;
      throw new VolumeMountError(`MountVolume.SetUp failed for volume "${name}" : ${error.message}`, {
        cause: error,
      });
    }
  }
  return result;
}

async function prepareVolume(
  client: KubeClient,
  pod: KubeObject,
  volume: JsonObject,
  folder: string,
): Promise<string> {
  if (isObject(volume['hostPath'])) return hostFolder(volume['hostPath']);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { emptyDir, secret, configMap, downwardAPI, projected } = volume;
  if (emptyDir !== undefined) return folder;
  if (isObject(projected)) {
    const mode = modeOf(projected['defaultMode']);
    for (const source of objectsOf(projected['sources']))
      await writeSource(client, pod, source, folder, mode);
    return folder;
  }
  if (isObject(secret))
    await writeSource(
      client,
      pod,
      { secret: { ...secret, name: secret['secretName'] } },
      folder,
      modeOf(secret['defaultMode']),
    );
  else if (isObject(configMap))
    await writeSource(client, pod, { configMap }, folder, modeOf(configMap['defaultMode']));
  else if (isObject(downwardAPI))
    await writeSource(client, pod, { downwardAPI }, folder, modeOf(downwardAPI['defaultMode']));
  else {
    const kind = Object.keys(volume).find((key) => key !== 'name') ?? 'none';
    throw new ContainerConfigError(
      `volume "${stringOr(volume['name'], '')}" is of kind ${kind}; simulated nodes have emptyDir, hostPath, secret, configMap, projected and downwardAPI`,
    );
  }
  return folder;
}

const modeOf = (mode: unknown): number => (typeof mode === 'number' ? mode : 0o644);

function hostFolder(hostPath: JsonObject): string {
  const folder = stringOr(hostPath['path'], '');
  const type = stringOr(hostPath['type'], '');
  if (type === 'DirectoryOrCreate') mkdirSync(folder, { recursive: true });
  if (type === 'FileOrCreate' && !existsSync(folder)) writeFileSync(folder, '');
  if (!existsSync(folder))
    throw new ContainerConfigError(`hostPath ${folder} does not exist on this machine`);
  return folder;
}

async function writeSource(
  client: KubeClient,
  pod: KubeObject,
  source: JsonObject,
  folder: string,
  mode: number,
): Promise<void> {
  const put = (relative: string, content: Buffer | string, itemMode: unknown): void => {
    const file = below(folder, relative);
    mkdirSync(path.dirname(file), { recursive: true });
    // In one move: the container may be reading it.
    const next = `${file}.next`;
    rmSync(next, { force: true });
    writeFileSync(next, content, { mode: 0o600 });
    chmodSync(next, typeof itemMode === 'number' ? itemMode : mode);
    renameSync(next, file);
  };
  const { secret, configMap, downwardAPI, serviceAccountToken } = source;
  if (isObject(secret) || isObject(configMap)) {
    const reference = objectOr(secret ?? configMap);
    const kind = isObject(secret) ? 'secrets' : 'configmaps';
    const optional = reference['optional'] === true;
    const name = stringOr(reference['name'], '');
    const data = await readData(client, pod.metadata.namespace ?? '', kind, name, optional);
    const items = objectsOf(reference['items']);
    if (items.length === 0) for (const [key, value] of data ?? []) put(key, value, undefined);
    for (const item of items) {
      const value = data?.get(stringOr(item['key'], ''));
      if (value !== undefined) put(stringOr(item['path'], ''), value, item['mode']);
      else if (!optional)
        throw new ContainerConfigError(
          `references non-existent key: ${stringOr(item['key'], '')} in ${kind} "${name}"`,
        );
    }
  } else if (isObject(downwardAPI)) {
    for (const item of objectsOf(downwardAPI['items'])) {
      const field = at(item, 'fieldRef', 'fieldPath');
      const resource = item['resourceFieldRef'];
      const value = isObject(resource)
        ? resourceField(
            pod,
            stringOr(resource['containerName'], ''),
            stringOr(resource['resource'], ''),
            resource['divisor'],
          )
        : podField(pod, stringOr(field, ''));
      put(stringOr(item['path'], ''), value ?? '', item['mode']);
    }
  } else if (isObject(serviceAccountToken)) {
    const account = stringOr(at(pod, 'spec', 'serviceAccountName'), 'default');
    const answer = await client.create(
      `/api/v1/namespaces/${pod.metadata.namespace}/serviceaccounts/${account}/token`,
      {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: {
          audiences: serviceAccountToken['audience'] ? [serviceAccountToken['audience']] : [],
          expirationSeconds: serviceAccountToken['expirationSeconds'] ?? 3600,
        },
      },
    );
    put(stringOr(serviceAccountToken['path'], 'token'), stringOr(at(answer, 'status', 'token'), ''), 0o600);
  }
}

/** The mounts of one container; links them into the folder that stands for its file system. */
export function prepareMounts(container: JsonObject, volumes: Map<string, string>, root: string): Mount[] {
  mkdirSync(root, { recursive: true, mode: 0o700 });
  return objectsOf(container['volumeMounts']).map((mount) => {
    const name = stringOr(mount['name'], '');
    const mountPath = stringOr(mount['mountPath'], '');
    const volume = volumes.get(name);
    if (volume === undefined) throw new ContainerConfigError(`volume "${name}" is not defined in the pod`);
    const subPath = stringOr(mount['subPath'], '');
    const folder = subPath ? below(volume, subPath) : volume;
    if (subPath && !existsSync(folder)) mkdirSync(folder, { recursive: true });
    const link = below(root, mountPath);
    if (link !== root) {
      mkdirSync(path.dirname(link), { recursive: true });
      rmSync(link, { force: true, recursive: false });
      symlinkSync(folder, link);
    }
    return { name, mountPath, folder };
  });
}
