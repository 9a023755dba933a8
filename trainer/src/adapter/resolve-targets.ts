import { UserError } from '../errors.js';
import { linearModules, type LinearModule, type ModelConfig } from '../model/index.js';

export const ALL_LINEAR = 'all-linear';

/**
 * The linear layers that suffixes name, in the order of the forward pass: `q_proj` is every layer of that name,
 * `layers.0.self_attn.q_proj` one of them.
 * @throws UserError naming a suffix that no layer has, with the suffixes there are.
 */
export function resolveTargets(config: ModelConfig, suffixes: readonly string[]): readonly LinearModule[] {
  const modules = linearModules(config);
  if (suffixes.length === 1 && suffixes[0] === ALL_LINEAR) return modules;
  const matches = (module: LinearModule, suffix: string) =>
    module.name === suffix || module.name.endsWith(`.${suffix}`);
  for (const suffix of suffixes) {
    if (!modules.some((module) => matches(module, suffix))) {
      throw new UserError(
        `method.lora.targetModules: "${suffix}" is no linear layer of a ${config.architecture} model; use ${ALL_LINEAR} or some of ${shortNames(modules).join(', ')}.`,
      );
    }
  }
  const targets = modules.filter((module) => suffixes.some((suffix) => matches(module, suffix)));
  if (targets.length === 0) {
    throw new UserError(
      `method.lora.targetModules is empty; use ${ALL_LINEAR} or some of ${shortNames(modules).join(', ')}.`,
    );
  }
  return targets;
}

/** Last parts of the names, each once, sorted. */
export function shortNames(modules: readonly LinearModule[]): string[] {
  return [...new Set(modules.map(({ name }) => name.slice(name.lastIndexOf('.') + 1)))].sort();
}
