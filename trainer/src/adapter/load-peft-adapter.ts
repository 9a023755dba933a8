import { UserError } from '../errors.js';
import type { BaseModel, SafetensorsFile } from '../model/index.js';
import type { Adapter } from './adapter.js';
import { Lora } from './lora.js';
import { refuseOtherLayout, refuseOtherScales } from './refuse-other-start.js';
import type { ParameterVector } from './parameter-vector.js';
import { openPeftFolder } from './peft-files.js';
import { PromptAdapter } from './prompt-adapter.js';
import { storedPrompt } from './stored-prompt.js';
import { readPeftConfig } from './read-peft-config.js';
import { PEFT_PREFIX } from './save-lora.js';

/**
 * A PEFT folder as an adapter, for inference or as a base to go on from. Prompt methods come without their encoder,
 * which PEFT does not keep.
 * @throws UserError when the folder is no adapter for this model.
 */
export function loadPeftAdapter(model: BaseModel, folder: string): Adapter {
  const { config, weights } = openPeftFolder(folder);
  try {
    const peft = readPeftConfig(config, model.config);
    if (peft.kind === 'lora') {
      const adapter = new Lora(model, peft.options, 0);
      copyTensors(weights, adapter.parameters, PEFT_PREFIX);
      return adapter;
    }
    const adapter = new PromptAdapter(model, storedPrompt(peft.method, model.config), 0);
    adapter.parameters
      .view('embedding.weight')
      .set(readTensor(weights, 'prompt_embeddings', adapter.parameters, 'embedding.weight'));
    return adapter;
  } finally {
    weights.close();
  }
}

/**
 * Starts a LoRA from an adapter that was trained before (continual learning).
 * @throws UserError when rank, scale, variant or target modules differ.
 */
export function initializeFrom(adapter: Lora, model: BaseModel, folder: string): void {
  const { config, weights } = openPeftFolder(folder);
  try {
    const stored = readPeftConfig(config, model.config);
    if (stored.kind !== 'lora') throw new UserError(`method.lora.initFrom: ${folder} is no LoRA adapter.`);
    refuseOtherScales(adapter, stored.options, folder);
    refuseOtherLayout(adapter, model, stored.options, folder);
    copyTensors(weights, adapter.parameters, PEFT_PREFIX);
  } finally {
    weights.close();
  }
}

/** Copies every parameter from `<prefix><name>` of a file. @throws UserError when one is missing or misshapen. */
export function copyTensors(file: SafetensorsFile, parameters: ParameterVector, prefix: string): void {
  for (const { name } of parameters.slots) {
    parameters.view(name).set(readTensor(file, `${prefix}${name}`, parameters, name));
  }
  for (const name of file.tensors.keys()) {
    if (!name.startsWith(prefix) || !parameters.has(name.slice(prefix.length))) {
      throw new UserError(`${file.path}: tensor "${name}" belongs to no target module of this job.`);
    }
  }
  parameters.changed();
}

function readTensor(
  file: SafetensorsFile,
  stored: string,
  parameters: ParameterVector,
  name: string,
): Float32Array {
  const shape = parameters.slots.find((slot) => slot.name === name)?.shape ?? [];
  const found = file.tensors.get(stored)?.shape;
  if (found && found.join() !== shape.join()) {
    throw new UserError(
      `${file.path}: tensor "${stored}" has shape [${found.join(', ')}], but this job's is [${shape.join(', ')}].`,
    );
  }
  return file.readFloat32(stored);
}
