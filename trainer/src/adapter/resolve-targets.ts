import { ALL_LINEAR, isPattern, PatternError, TargetSelector } from '@tuneyard/proto/targets';
import { UserError } from '../errors.js';
import { linearModules, moduleNames, type LinearModule, type ModelConfig } from '../model/index.js';
import type { LoraOptions } from './lora-options.js';
import { loraTarget, type LoraTarget } from './lora-target.js';
import { savedTensors, type SavedTensor } from './saved-tensors.js';

export { ALL_LINEAR };

export interface LoraLayout {
  readonly targets: readonly LoraTarget[];
  readonly saved: readonly SavedTensor[];
}

/**
 * Which layers the options adapt, in the order of the forward pass, and which tensors they train whole.
 * @throws UserError naming the field that selects nothing, or something that cannot be adapted.
 */
export function resolveTargets(config: ModelConfig, options: LoraOptions): LoraLayout {
  try {
    const selector = new TargetSelector(options);
    const saved = savedTensors(config, selector, options.modulesToSave);
    const modules = linearModules(config);
    refuseOthers(config, modules, selector, options);
    const chosen = modules.filter(({ name }) => selector.selects(name));
    if (chosen.length === 0) throw nothingSelected(modules, options);
    const wholes = new Set(saved.map(({ name }) => name));
    const both = chosen.find(({ name }) => wholes.has(`${name}.weight`));
    if (both) {
      throw new UserError(
        `method.lora.modulesToSave trains ${both.name} whole, which targetModules adapts; name it in one of them, by its last part.`,
      );
    }
    return { targets: chosen.map((module) => loraTarget(module, selector, options)), saved };
  } catch (error) {
    if (error instanceof PatternError) throw new UserError(`method.lora.${error.message}.`);
    throw error;
  }
}

/** What PEFT would try to adapt as well: layers that are not linear, blocks and the head. */
function refuseOthers(
  config: ModelConfig,
  modules: readonly LinearModule[],
  selector: TargetSelector,
  { targetModules }: LoraOptions,
): void {
  if (targetModules.length === 1 && targetModules[0] === ALL_LINEAR) return;
  const linear = new Set(modules.map(({ name }) => name));
  const others = [...moduleNames(config)].filter((name) => !linear.has(name));
  const other = others.find((name) => selector.selects(name));
  if (other === undefined) return;
  const written = targetModules.find((entry) => isPattern(entry) || `.${other}`.endsWith(`.${entry}`));
  throw new UserError(
    `method.lora.targetModules: "${written ?? targetModules.join(', ')}" also matches ${other}, which is no linear layer of a block; use ${ALL_LINEAR} or some of ${shortNames(modules).join(', ')}${other === 'lm_head' || other.endsWith('embed_tokens') ? ', and modulesToSave for the embedding and the head' : ''}.`,
  );
}

function nothingSelected(modules: readonly LinearModule[], options: LoraOptions): UserError {
  const { targetModules, excludeModules, layersToTransform } = options;
  const all = `use ${ALL_LINEAR} or some of ${shortNames(modules).join(', ')}`;
  if (targetModules.length === 0) return new UserError(`method.lora.targetModules is empty; ${all}.`);
  const without = { ...options, excludeModules: [], modulesToSave: [], layersToTransform: [] };
  const selector = new TargetSelector(without);
  if (!modules.some(({ name }) => selector.selects(name))) {
    return new UserError(
      `method.lora.targetModules: "${targetModules.join(', ')}" is no linear layer of this model; ${all}.`,
    );
  }
  const inLayers = new TargetSelector({ ...without, layersToTransform });
  if (!modules.some(({ name }) => inLayers.selects(name))) {
    return new UserError(
      `method.lora.layersToTransform: no layer of targetModules is in block ${layersToTransform.join(', ')}; check the indices, and layersPattern if it is given.`,
    );
  }
  const field = excludeModules.length > 0 ? 'excludeModules' : 'modulesToSave';
  return new UserError(`method.lora.${field} leaves no layer of targetModules to adapt.`);
}

/** Last parts of the names, each once, sorted. */
export function shortNames(modules: readonly LinearModule[]): string[] {
  return [...new Set(modules.map(({ name }) => name.slice(name.lastIndexOf('.') + 1)))].sort();
}
