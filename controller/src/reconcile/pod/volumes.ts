/** Where the trainer keeps models and prepared data that another worker or job can use again. */
export type ModelCache =
  /** A folder of the node, shared by all workers on it; must exist and be writable for the trainer's user. */
  | { readonly hostPath: string }
  /** A claim of this name in the namespace of every job, which many pods can mount. */
  | { readonly claimName: string }
  /** Goes with the pod. */
  | 'emptyDir';

/** As `--model-cache` names it: `emptyDir`, `hostPath:/folder` or `pvc:claim`; undefined = none of these. */
export function parseModelCache(text: string): ModelCache | undefined {
  if (text === 'emptyDir') return text;
  const [, kind, where = ''] = /^(hostPath|pvc):(.+)$/.exec(text) ?? [];
  if (kind === 'hostPath') return /^\/(?!.*\.\.)./.test(where) ? { hostPath: where } : undefined;
  return kind === 'pvc' && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(where) ? { claimName: where } : undefined;
}

const CACHE_VOLUME = 'tuneyard-cache';
const SCRATCH_VOLUME = 'tuneyard-scratch';
const SHARED_MEMORY_VOLUME = 'tuneyard-shm';
const CACHE_FOLDER = '/var/cache/tuneyard';

/** Folders that a trainer may write, its root file system being read-only. */
export function writableVolumes(cache: ModelCache): readonly object[] {
  return [
    { name: SCRATCH_VOLUME, emptyDir: {} },
    { name: SHARED_MEMORY_VOLUME, emptyDir: { medium: 'Memory', sizeLimit: '1Gi' } },
    { name: CACHE_VOLUME, ...cacheSource(cache) },
  ];
}

export const WRITABLE_MOUNTS = [
  { name: SCRATCH_VOLUME, mountPath: '/tmp' },
  { name: SHARED_MEMORY_VOLUME, mountPath: '/dev/shm' },
  { name: CACHE_VOLUME, mountPath: CACHE_FOLDER },
];

/** Tell the trainer, and the CUDA driver, where to keep what is worth keeping. */
export const CACHE_VARIABLES = [
  { name: 'TUNEYARD_CACHE', value: CACHE_FOLDER },
  { name: 'CUDA_CACHE_PATH', value: `${CACHE_FOLDER}/cuda` },
];

function cacheSource(cache: ModelCache): object {
  if (cache === 'emptyDir') return { emptyDir: {} };
  if ('hostPath' in cache) return { hostPath: { path: cache.hostPath, type: 'Directory' } };
  return { persistentVolumeClaim: { claimName: cache.claimName } };
}
