import type { Compatibility } from './adapter.js';
import type { LoraOptions } from './lora-options.js';

/** Which runtimes load a LoRA with these options. */
export function loraCompatibility({
  dora,
  modulesToSave,
  rankPattern,
  alphaPattern,
}: LoraOptions): Compatibility {
  const whyNot = dora
    ? 'loads no DoRA adapters'
    : modulesToSave.length > 0
      ? 'loads no adapters with modules that are trained whole'
      : Object.keys(rankPattern).length + Object.keys(alphaPattern).length > 0
        ? 'scales every layer by the one rank and alpha'
        : undefined;
  if (whyNot === undefined) return { peft: true, vllm: true, note: '' };
  return { peft: true, vllm: false, note: `vLLM ${whyNot}; merge it into the base model for vLLM` };
}
