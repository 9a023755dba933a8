import {
  estimateMemory,
  type MemoryEstimate,
  type MemoryWorkload,
  type MethodShape,
  type ModelShape,
} from '@tuneyard/proto/memory';
import { PatternError } from '@tuneyard/proto/targets';
import { UserError } from '../errors.js';
import type { ResolvedMethod, ResolvedSpec } from './resolved-spec.js';

/** What the driver and the runtime keep of a GPU for themselves, bytes: the context, code and workspaces. */
const RUNTIME_BYTES = 768 * 2 ** 20;

/** What one worker needs on each of its GPUs. */
export interface MemoryNeed {
  readonly bytesPerGpu: number;
  /** What it needs of the host's memory beside them: packed weights, optimizer moments, a copy of the trained values. */
  readonly hostBytes: number;
  /** For people: what makes it up. */
  readonly message: string;
}

/**
 * Estimated memory of a worker of the job, at whole micro-batches of the longest sequences. Every GPU of a worker holds
 * a whole copy.
 * @param model of the base model, from its config.json
 */
export function memoryNeed(spec: ResolvedSpec, model: ModelShape): MemoryNeed {
  const { training, dataset } = spec;
  const workload = {
    model,
    method: methodShapeOf(spec.method),
    batch: training.microBatchSize,
    length: dataset.maxLength,
    gradientCheckpointing: training.gradientCheckpointing,
  };
  const { parts, total } = estimated({ ...workload, memory: 'device' });
  const bytesPerGpu = total + RUNTIME_BYTES;
  const working = parts.activations + parts.logits;
  return {
    bytesPerGpu,
    hostBytes: Math.max(0, estimated({ ...workload, memory: 'all' }).total - total),
    message:
      `${gib(bytesPerGpu)} a GPU: weights ${gib(parts.weights)}, trained values ` +
      `${gib(parts.adapter)}, activations and logits ${gib(working)} at ` +
      `${training.microBatchSize} x ${dataset.maxLength} tokens, runtime ${gib(RUNTIME_BYTES)}`,
  };
}

/** @throws UserError when a pattern of layer names takes too many steps. */
function estimated(workload: MemoryWorkload): MemoryEstimate {
  try {
    return estimateMemory(workload);
  } catch (error) {
    if (error instanceof PatternError) throw new UserError(`spec.method.lora.${error.message}`);
    throw error;
  }
}

/** What in the spec lowers the need most, for a job that fits no GPU. */
export function waysToFit(spec: ResolvedSpec): string {
  const { training, method } = spec;
  const ways = [
    ...(training.gradientCheckpointing ? [] : ['set training.gradientCheckpointing']),
    ...(training.microBatchSize > 1 ? ['lower training.microBatchSize'] : []),
    'lower dataset.maxLength',
    ...(method.type === 'qlora' ? [] : ['use method qlora']),
  ];
  return ways.join(', ');
}

function methodShapeOf(method: ResolvedMethod): MethodShape {
  switch (method.type) {
    case 'lora':
    case 'qlora':
      return { ...method.lora, type: method.type };
    case 'ptuning':
      return { ...method.ptuning, type: method.type };
    case 'ptuning-v2':
      return { ...method.prefix, type: method.type };
    case 'prompt':
      return { ...method.prompt, type: method.type };
    default:
      return { type: 'full' };
  }
}

const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
