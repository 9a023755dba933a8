export const LORA_VARIANTS = ['standard', 'rslora', 'dora'] as const;
export type LoraVariant = (typeof LORA_VARIANTS)[number];

export interface LoraOptions {
  readonly rank: number;
  readonly alpha: number;
  /** [0, 1), on the input of the low-rank branch. */
  readonly dropout: number;
  /** Name suffixes, or the single entry `all-linear`. */
  readonly targetModules: readonly string[];
  readonly variant: LoraVariant;
  readonly init: 'kaiming' | 'gaussian';
  /** Learning rate of B over that of A. */
  readonly loraPlusRatio: number;
}
