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
  const folders = new Map(mounts.map(({ mountPath, folder }) => [mountPath.replace(/\/+$/, ''), folder]));
  folders.delete('');
  if (folders.size === 0) return text;
  // The longest first: a mount may lie below another.
  const paths = [...folders.keys()].sort((a, b) => b.length - a.length);
  const escaped = paths.map((path) => path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const pattern = new RegExp(`(^|[\\s=:,'"])(${escaped.join('|')})(?=$|[/\\s:,'";])`, 'g');
  return text.replace(pattern, (_, before: string, path: string) => before + (folders.get(path) ?? path));
}

/** Joins a relative path below a folder; throws when it would lead out of it. */
export function below(folder: string, relative: string): string {
  const full = path.resolve(folder, `./${relative}`);
  if (full !== folder && !full.startsWith(folder + path.sep))
    throw new Error(`path "${relative}" leads out of its volume`);
  return full;
}
