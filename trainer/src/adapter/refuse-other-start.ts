import { UserError } from '../errors.js';
import type { BaseModel } from '../model/index.js';
import type { Lora } from './lora.js';
import type { LoraOptions } from './lora-options.js';
import { resolveTargets } from './resolve-targets.js';

/** @throws UserError when the adapter that training starts from has another rank, alpha or variant. */
export function refuseOtherScales({ options }: Lora, stored: LoraOptions, folder: string): void {
  const facts = (of: LoraOptions) => ({
    rank: of.rank,
    alpha: of.alpha,
    variant: of.scaling,
    dora: of.dora,
  });
  const wanted = facts(options);
  const found = facts(stored);
  for (const field of ['rank', 'alpha', 'variant', 'dora'] as const) {
    if (found[field] === wanted[field]) continue;
    throw new UserError(
      `method.lora.${field}: ${wanted[field]} differs from ${found[field]} of the adapter ${folder} that training starts from.`,
    );
  }
}

/** @throws UserError when single layers differ in rank or scale, or other modules are trained whole. */
export function refuseOtherLayout(lora: Lora, model: BaseModel, stored: LoraOptions, folder: string): void {
  const { targets, saved } = resolveTargets(model.config, stored);
  const layers = new Map(targets.map((target) => [target.module.name, target]));
  for (const { module, rank, scale } of lora.targets) {
    const found = layers.get(module.name);
    if (!found || (found.rank === rank && found.scale === scale)) continue;
    const field = found.rank === rank ? 'alphaPattern' : 'rankPattern';
    throw new UserError(
      `method.lora.${field}: ${module.name} has rank ${rank} and scale ${scale}, but rank ${found.rank} and scale ${found.scale} in the adapter ${folder} that training starts from.`,
    );
  }
  const names = (tensors: readonly { readonly name: string }[]) => tensors.map(({ name }) => name).join(', ');
  if (names(lora.saved) !== names(saved)) {
    throw new UserError(
      `method.lora.modulesToSave: this job trains ${names(lora.saved) || 'nothing'} whole, but the adapter ${folder} that training starts from holds ${names(saved) || 'nothing'}.`,
    );
  }
}
