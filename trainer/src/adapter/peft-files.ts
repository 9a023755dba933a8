import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { SafetensorsFile, writeJsonAtomically, writeSafetensors, type NamedTensor } from '../model/index.js';
import { JsonFields, readJsonFile } from '../support/index.js';
import type { NamedBase } from './adapter.js';

/** The release of PEFT whose file format is written. */
const PEFT_VERSION = '0.21.0';
const CONFIG = 'adapter_config.json';
const WEIGHTS = 'adapter_model.safetensors';

export interface PeftContent {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly tensors: readonly NamedTensor[];
}

/** Writes a PEFT folder: adapter_config.json with sorted fields, adapter_model.safetensors. */
export function writePeftFolder(folder: string, base: NamedBase, { fields, tensors }: PeftContent): void {
  const common = {
    auto_mapping: null,
    base_model_name_or_path: base.name,
    inference_mode: true,
    modules_to_save: null,
    peft_version: PEFT_VERSION,
    revision: base.revision ?? null,
    task_type: 'CAUSAL_LM',
  };
  const sorted = Object.entries({ ...common, ...fields }).sort(([a], [b]) => (a < b ? -1 : 1));
  // The weights last: a folder with a configuration alone is visibly unfinished.
  writeJsonAtomically(join(folder, CONFIG), Object.fromEntries(sorted));
  writeSafetensors(join(folder, WEIGHTS), tensors);
}

export interface PeftFolder {
  readonly config: JsonFields;
  readonly configPath: string;
  readonly weights: SafetensorsFile;
}

/** Opens a PEFT folder; the caller closes `weights`. @throws UserError when it is none. */
export function openPeftFolder(folder: string): PeftFolder {
  const configPath = join(folder, CONFIG);
  if (!existsSync(configPath)) throw new UserError(`${folder}: no PEFT adapter: ${CONFIG} is missing.`);
  const config = new JsonFields(readJsonFile(configPath), configPath);
  return { config, configPath, weights: SafetensorsFile.open(join(folder, WEIGHTS)) };
}
