import { MethodType, type MethodConfig } from '@tuneyard/proto';
import type { MethodShape } from '@tuneyard/proto/memory';

/** What of a job's method decides its memory; undefined when its section is missing. */
export function methodShapeOf({
  type,
  lora,
  ptuning,
  prefix,
  prompt,
}: MethodConfig): MethodShape | undefined {
  switch (type) {
    case MethodType.METHOD_TYPE_LORA:
      return lora && { ...lora, type: 'lora' };
    case MethodType.METHOD_TYPE_QLORA:
      return lora && { ...lora, type: 'qlora' };
    case MethodType.METHOD_TYPE_PTUNING:
      return ptuning && { ...ptuning, type: 'ptuning' };
    case MethodType.METHOD_TYPE_PTUNING_V2:
      return prefix && { ...prefix, type: 'ptuning-v2' };
    case MethodType.METHOD_TYPE_PROMPT:
      return prompt && { ...prompt, type: 'prompt' };
    case MethodType.METHOD_TYPE_FULL:
      return { type: 'full' };
    default:
      return undefined;
  }
}
