import { closeSync, existsSync, openSync, readFileSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ResolvedSpec } from '../../api/index.js';

const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';
const LFS = 'version https://git-lfs.github.com/spec/';
const OTHER_WEIGHTS = /\.(?:bin|pt|pth|gguf|h5|msgpack|onnx|incomplete)$/;

/** More than any index has; the trainer reads no larger one. */
const MOST_INDEX_BYTES = 64 * 1024 * 1024;

/**
 * What is wrong with the weights of a model folder on this machine; undefined when nothing is, or they are not here.
 *
 * @param isCopy the folder stands for one elsewhere, of which it may hold only the small files
 */
export function weightsProblem({ model }: ResolvedSpec, isCopy: boolean): string | undefined {
  if (model.fromScratch === true || !model.source.startsWith('file://')) return undefined;
  const folder = fileURLToPath(model.source);
  if (!existsSync(join(folder, 'config.json'))) return undefined;
  const way = 'fetch them, or ask for random ones with model.fromScratch: true';
  if (!existsSync(join(folder, SINGLE)) && !existsSync(join(folder, INDEX))) {
    const other = readdirSync(folder).find((name) => OTHER_WEIGHTS.test(name));
    if (isCopy && other === undefined) return undefined;
    const seen = other === undefined ? '' : ` (${other} is not read)`;
    return `spec.model: ${folder} holds no weights: there is neither ${SINGLE} nor ${INDEX}${seen}; ${way}`;
  }
  const shards = existsSync(join(folder, SINGLE)) ? [SINGLE] : shardsOf(join(folder, INDEX));
  if (shards.length === 0)
    return `spec.model: ${join(folder, INDEX)} names no files of weights: it must be JSON with an object "weight_map"; ${way}`;
  for (const name of shards) {
    const file = join(folder, name);
    if (!existsSync(file)) {
      if (!isCopy) return `spec.model: ${file} is missing, but ${INDEX} names it; ${way}`;
    } else if (startOf(file).startsWith(LFS)) {
      return `spec.model: ${file} is a Git LFS pointer and not the file itself: run "git lfs pull" where it lies`;
    }
  }
  return undefined;
}

function shardsOf(index: string): string[] {
  try {
    if (statSync(index).size > MOST_INDEX_BYTES) return [];
    const { weight_map: map } = JSON.parse(readFileSync(index, 'utf8')) as { weight_map?: object };
    return [...new Set(Object.values(map ?? {}).map(String))].filter((name) => !/[/\\]/.test(name));
  } catch {
    return [];
  }
}

function startOf(file: string): string {
  const descriptor = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(LFS.length);
    return bytes.toString('latin1', 0, readSync(descriptor, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(descriptor);
  }
}
