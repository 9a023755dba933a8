import { isPattern, TargetSelector } from '@tuneyard/proto/targets';
import { UserError } from '../errors.js';
import { linearModules, moduleNames, type BaseModel } from '../model/index.js';
import { ALL_LINEAR, shortNames } from './resolve-targets.js';
import type { Lora } from './lora.js';

/**
 * Refuses what a job says and nothing follows from: names and patterns that no layer has. An adapter that was made
 * elsewhere may hold such entries, which PEFT passes over, and means the same without them.
 * @throws UserError naming field and entry.
 */
export function refuseUnusedSelection({ options, targets }: Lora, model: BaseModel): void {
  const { config } = model;
  const { targetModules, excludeModules, layersToTransform } = options;
  const linear = linearModules(config);
  const none = {
    ...options,
    excludeModules: [],
    layersToTransform: [],
    layersPattern: [],
    modulesToSave: [],
  };
  for (const entry of targetModules) {
    if (entry === ALL_LINEAR) continue;
    const selector = new TargetSelector({ ...none, targetModules: [entry] });
    if (linear.some(({ name }) => selector.selects(name))) continue;
    throw new UserError(
      `method.lora.targetModules: "${entry}" is no linear layer of a ${config.architecture} model; use ${ALL_LINEAR} or some of ${shortNames(linear).join(', ')}.`,
    );
  }
  for (const entry of excludeModules) {
    const selector = new TargetSelector({ ...none, excludeModules: [entry] });
    if ([...moduleNames(config)].some((name) => selector.isExcluded(name))) continue;
    const kind = isPattern(entry) ? 'matches' : 'is the end of the name of';
    throw new UserError(`method.lora.excludeModules: "${entry}" ${kind} no module of this model; remove it.`);
  }
  const beyond = layersToTransform.find((layer) => layer >= config.layers);
  if (beyond !== undefined) {
    throw new UserError(
      `method.lora.layersToTransform: ${beyond} is no block of this model, whose blocks are 0 to ${config.layers - 1}.`,
    );
  }
  const names = targets.map(({ module }) => module.name);
  for (const field of ['rankPattern', 'alphaPattern'] as const) refuseUnusedPattern(field, options, names);
}

function refuseUnusedPattern(
  field: 'rankPattern' | 'alphaPattern',
  options: Lora['options'],
  names: readonly string[],
): void {
  const selector = new TargetSelector(options);
  const used = new Set<string>();
  for (const name of names) {
    const keys = selector.keysFor(field, name);
    const [first, second] = keys;
    if (
      first !== undefined &&
      second !== undefined &&
      keys.some((key) => options[field][key] !== options[field][first])
    ) {
      throw new UserError(
        `method.lora.${field}: both "${first}" and "${second}" match ${name} with different values; write patterns that exclude each other.`,
      );
    }
    for (const key of keys) used.add(key);
  }
  const unused = Object.keys(options[field]).find((key) => !used.has(key));
  if (unused !== undefined) {
    throw new UserError(`method.lora.${field}: "${unused}" matches no layer that targetModules adapts.`);
  }
}
