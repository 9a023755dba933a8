import type { TargetSelector } from '@tuneyard/proto/targets';
import type { LinearModule } from '../model/index.js';
import type { LoraOptions } from './lora-options.js';

/** One layer with a low-rank branch. */
export interface LoraTarget {
  readonly module: LinearModule;
  readonly rank: number;
  /** Factor of B A: alpha / rank, or alpha / sqrt(rank) for rsLoRA (Kalajdzievski 2023). */
  readonly scale: number;
}

export function loraTarget(module: LinearModule, selector: TargetSelector, options: LoraOptions): LoraTarget {
  const rank = selector.rankOf(module.name, options.rank);
  const alpha = selector.alphaOf(module.name, options.alpha);
  return { module, rank, scale: alpha / (options.scaling === 'rslora' ? Math.sqrt(rank) : rank) };
}
