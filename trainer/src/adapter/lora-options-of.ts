import type { LoraConfig } from '@tuneyard/proto';
import { isPattern } from '@tuneyard/proto/targets';
import { UserError } from '../errors.js';
import { LORA_VARIANTS, type LoraOptions, type LoraVariant } from './lora-options.js';

/** What a job says of its LoRA. @throws UserError naming a field that is missing or out of range. */
export function loraOptionsOf(config: LoraConfig | undefined): LoraOptions {
  if (!config) throw new UserError('method.lora is missing.');
  const { rank, alpha, dropout, variant, init, loraPlusRatio } = config;
  if (!Number.isInteger(rank) || rank < 1)
    throw new UserError(`method.lora.rank: ${rank} must be a positive integer.`);
  if (!(alpha > 0)) throw new UserError(`method.lora.alpha: ${alpha} must be greater than 0.`);
  if (!(dropout >= 0 && dropout < 1))
    throw new UserError(`method.lora.dropout: ${dropout} must be in [0, 1).`);
  if (!isVariant(variant)) {
    throw new UserError(`method.lora.variant: "${variant}" is not one of ${LORA_VARIANTS.join(', ')}.`);
  }
  if (init !== 'kaiming' && init !== 'gaussian' && init !== 'adapter') {
    throw new UserError(`method.lora.init: "${init}" is not one of kaiming, gaussian, adapter.`);
  }
  refusePatternAmongNames('targetModules', config.targetModules);
  refusePatternAmongNames('excludeModules', config.excludeModules);
  if (config.layersPattern.length > 0 && config.layersToTransform.length === 0)
    throw new UserError('method.lora.layersPattern needs layersToTransform, the blocks to adapt.');
  const [only = ''] = config.targetModules;
  if (config.layersToTransform.length > 0 && config.targetModules.length === 1 && isPattern(only))
    throw new UserError(
      'method.lora.layersToTransform cannot stand beside a regular expression in targetModules: write the blocks into the expression.',
    );
  return {
    rank,
    alpha,
    dropout,
    targetModules: config.targetModules,
    excludeModules: config.excludeModules,
    layersToTransform: config.layersToTransform,
    layersPattern: config.layersPattern,
    modulesToSave: config.modulesToSave,
    rankPattern: config.rankPattern,
    alphaPattern: config.alphaPattern,
    scaling: variant === 'rslora' ? 'rslora' : 'standard',
    dora: config.dora || variant === 'dora',
    init: init === 'gaussian' ? 'gaussian' : 'kaiming',
    loraPlusRatio: loraPlusRatio > 0 ? loraPlusRatio : 1,
  };
}

function isVariant(name: string): name is LoraVariant {
  return (LORA_VARIANTS as readonly string[]).includes(name);
}

function refusePatternAmongNames(field: string, entries: readonly string[]): void {
  const pattern = entries.find(isPattern);
  if (entries.length < 2 || pattern === undefined) return;
  throw new UserError(
    `method.lora.${field}: "${pattern}" is a regular expression, which must be the only entry; join the entries with |.`,
  );
}
