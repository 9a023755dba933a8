import { memoryNeed, waysToFit, type MemoryNeed, type ResolvedSpec } from '../../api/index.js';
import { readModelShape } from '../../models/index.js';
import { gpuMemoryOf } from './gpu-memory.js';

/** A kind of GPU and whether a worker's share of memory fits into one. */
export interface FlavorFit {
  readonly flavor: string;
  /** Of one GPU; absent where it is not known. */
  readonly bytes?: number;
  readonly fits?: boolean;
}

export interface MemoryFit extends MemoryNeed {
  readonly flavors: readonly FlavorFit[];
}

export interface MemoryQuestion {
  /** Where the base model's config.json lies on this machine: an address `file://…`. */
  readonly model: string;
  readonly flavors: readonly string[];
  /** Bytes of one GPU, instead of those that flavors are known to have. */
  readonly gpuMemory?: number | undefined;
}

/** The estimate against each flavor; undefined where the sizes of the model are not known. */
export function memoryFit(spec: ResolvedSpec, question: MemoryQuestion): MemoryFit | undefined {
  const shape = readModelShape(question.model);
  if (shape === undefined) return undefined;
  const need = memoryNeed(spec, shape);
  const { gpuMemory, flavors } = question;
  const fit = (flavor: string, bytes: number | undefined): FlavorFit =>
    bytes === undefined ? { flavor } : { flavor, bytes, fits: need.bytesPerGpu <= bytes };
  const fits =
    gpuMemory === undefined
      ? flavors.map((flavor) => fit(flavor, gpuMemoryOf(flavor)))
      : [fit('--gpu-memory', gpuMemory)];
  return { ...need, flavors: fits };
}

/** What the controller would say of a job that fits no GPU; undefined while one may do. */
export function memoryProblem(spec: ResolvedSpec, { flavors, bytesPerGpu }: MemoryFit): string | undefined {
  if (flavors.length === 0 || flavors.some(({ fits }) => fits !== false)) return undefined;
  const sizes = flavors.map(({ flavor, bytes = 0 }) => `${flavor} has ${gib(bytes)}`).join(', ');
  return `needs ${gib(bytesPerGpu)} on each GPU, but ${sizes}: ${waysToFit(spec)}, or name another flavor`;
}

export const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
