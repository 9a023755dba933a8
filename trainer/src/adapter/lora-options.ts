import type { TargetSelection } from '@tuneyard/proto/targets';

/** `dora` is `standard` with {@link LoraOptions.dora}. */
export const LORA_VARIANTS = ['standard', 'rslora', 'dora'] as const;
export type LoraVariant = (typeof LORA_VARIANTS)[number];

export interface LoraOptions extends TargetSelection {
  readonly rank: number;
  readonly alpha: number;
  /** [0, 1), on the input of the low-rank branch. */
  readonly dropout: number;
  /** How alpha and rank make the scale: alpha / rank, or alpha / sqrt(rank). */
  readonly scaling: 'standard' | 'rslora';
  /** Each output has a trained magnitude (DoRA). */
  readonly dora: boolean;
  readonly init: 'kaiming' | 'gaussian';
  /** Learning rate of B over that of A. */
  readonly loraPlusRatio: number;
}
