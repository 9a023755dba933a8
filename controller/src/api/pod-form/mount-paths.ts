import { posix } from 'node:path';

/** The folder that a container runtime makes of a path: absolute, without `.`, `..`, doubled or closing slashes. */
const normalForm = (path: string): string => {
  const normal = posix.join('/', path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
};

const isWithin = (inner: string, outer: string) =>
  inner === outer || inner.startsWith(outer === '/' ? '/' : `${outer}/`);

/** `/var/run` of most images is a link to `/run`, and the runtime follows it. */
const RUN_FOLDERS = ['/var/run', '/run'];
/**
 * Where nothing of a template may lie, nor over it: the identity of a worker, and the folders in which names of mounts
 * choose GPUs for NVIDIA's runtime.
 */
const RESERVED = RUN_FOLDERS.flatMap((run) =>
  ['tuneyard', 'nvidia-container-devices', 'cdi'].map((folder) => `${run}/${folder}`),
);

/** Whether a mount at `path` would hide, replace or add to a reserved folder. */
export function coversReservedFolder(path: string): boolean {
  const normal = normalForm(path);
  return RESERVED.some((folder) => isWithin(normal, folder) || isWithin(folder, normal));
}
