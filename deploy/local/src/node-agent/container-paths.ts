import path from 'node:path';

/** A mount: the path that the container is told, and the folder that is really there. */
export interface Mount {
  name: string;
  mountPath: string;
  folder: string;
}

/**
 * Rewrites mount paths in a command, argument or environment value to the real folders: processes share the machine's
 * file system, so `/etc/config/a.yaml` of a mount at `/etc/config` is the file in the volume's folder. A path counts
 * where it stands at the beginning or after one of `= : , ' "` or white space, and ends there or goes on with `/`.
 */
export function mapMountPaths(text: string, mounts: readonly Mount[]): string {
  const longestFirst = [...mounts].filter((mount) => mount.mountPath !== mount.folder);
  longestFirst.sort((a, b) => b.mountPath.length - a.mountPath.length);
  let result = text;
  for (const mount of longestFirst) {
    const escaped = mount.mountPath.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\/+$/, '');
    if (!escaped) continue;
    const pattern = new RegExp(`(^|[\\s=:,'"])${escaped}(?=$|[/\\s:,'";])`, 'g');
    result = result.replace(pattern, (_, before: string) => before + mount.folder);
  }
  return result;
}

/** Joins a relative path below a folder; throws when it would lead out of it. */
export function below(folder: string, relative: string): string {
  const full = path.resolve(folder, `./${relative}`);
  if (full !== folder && !full.startsWith(folder + path.sep))
    throw new Error(`path "${relative}" leads out of its volume`);
  return full;
}
