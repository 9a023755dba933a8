import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UserError } from '../errors.js';
import { isJsonObject, readJsonFile } from '../support/index.js';
import { SafetensorsFile } from './safetensors-file.js';

const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';
/** Ten times what the largest published models have; each is an open file. */
const MOST_SHARDS = 2048;

/**
 * The weights of a Hugging Face folder, single or sharded, by tensor name. Nothing but headers is read until a
 * tensor is asked for.
 */
export class WeightFolder {
  private constructor(
    readonly folder: string,
    private readonly files: ReadonlyMap<string, SafetensorsFile>,
    private readonly opened: readonly SafetensorsFile[],
  ) {}

  /** @throws UserError when no weights are there, or a file is missing or damaged. */
  static open(folder: string): WeightFolder {
    const opened: SafetensorsFile[] = [];
    const files = new Map<string, SafetensorsFile>();
    try {
      for (const name of shardNames(folder)) {
        const file = SafetensorsFile.open(join(folder, name));
        opened.push(file);
        for (const tensor of file.tensors.keys()) files.set(tensor, file);
      }
    } catch (error) {
      for (const file of opened) file.close();
      throw error;
    }
    return new WeightFolder(folder, files, opened);
  }

  has(name: string): boolean {
    return this.files.has(name);
  }

  /** @throws UserError when the tensor is missing or has another shape. */
  readFloat32(name: string, shape: readonly number[]): Float32Array {
    const file = this.file(name);
    const stored = file.tensors.get(name)?.shape ?? [];
    if (stored.length !== shape.length || stored.some((extent, axis) => extent !== shape[axis])) {
      throw new UserError(
        `${file.path}: tensor "${name}" has shape [${stored.join(', ')}], but config.json asks for [${shape.join(', ')}].`,
      );
    }
    return file.readFloat32(name);
  }

  close(): void {
    for (const file of this.opened) file.close();
  }

  private file(name: string): SafetensorsFile {
    const file = this.files.get(name);
    if (!file) throw new UserError(`${this.folder}: tensor "${name}" is missing from the weights.`);
    return file;
  }
}

/** Weights in a format that is not read, so that their owner knows they were seen. */
function otherWeights(folder: string): string {
  return (
    readdirSync(folder).find((name) => /\.(?:bin|pt|pth|gguf|h5|msgpack|onnx|incomplete)$/.test(name)) ?? ''
  );
}

function shardNames(folder: string): string[] {
  if (existsSync(join(folder, SINGLE))) return [SINGLE];
  const index = join(folder, INDEX);
  if (!existsSync(index)) {
    const others = otherWeights(folder);
    throw new UserError(
      `${folder} holds no weights: there is neither ${SINGLE} nor ${INDEX}${others === '' ? '' : ` (${others} is not read)`}; ` +
        'fetch them, or ask for random ones with model.fromScratch: true (--from-scratch on the command line).',
    );
  }
  const map = readJsonFile(index)['weight_map'];
  if (!isJsonObject(map)) throw new UserError(`${index}: field "weight_map" must be an object.`);
  const names = new Set<string>();
  for (const name of Object.values(map)) {
    // A shard must lie in the folder itself: an index is data and may not point elsewhere.
    if (
      typeof name !== 'string' ||
      resolve(folder, name) !== join(resolve(folder), name) ||
      name.includes('/')
    ) {
      throw new UserError(`${index}: ${JSON.stringify(name)} is not the name of a file in this folder.`);
    }
    names.add(name);
    if (names.size > MOST_SHARDS)
      throw new UserError(`${index}: field "weight_map" names more than ${MOST_SHARDS} files.`);
  }
  return [...names].sort();
}
