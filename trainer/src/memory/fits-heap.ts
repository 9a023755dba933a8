import { PatternError } from '@tuneyard/proto/targets';
import { MethodType, type MethodConfig, type TrainingConfig } from '@tuneyard/proto';
import { estimateMemory } from '@tuneyard/proto/memory';
import { ResourceError, UserError } from '../errors.js';
import type { ModelConfig } from '../model/index.js';
import { workloadOf } from './workload-of.js';

/** WebAssembly addresses 32 bits. */
const WASM_HEAP_BYTES = 2 ** 32;

export interface HeapJob {
  readonly model: ModelConfig;
  readonly method: MethodConfig;
  readonly training: Pick<TrainingConfig, 'microBatchSize' | 'gradientCheckpointing'>;
  /** Tokens of the longest row that is trained, padding included. */
  readonly length: number;
}

/**
 * Refuses, before anything is loaded, what cannot fit into the heap of the wasm backend, with the numbers and the
 * changes that would make it fit.
 * @throws ResourceError when a smaller micro-batch would do, else UserError.
 */
export function assertFitsHeap(job: HeapJob): void {
  const need = needOf(job);
  if (need === undefined || need.total <= WASM_HEAP_BYTES) return;
  const { parts } = need;
  const ways = waysToFit(job);
  const out =
    ways.length > 0
      ? ways.map(({ words }) => words).join(', or ')
      : "use a smaller base model, or the tensorflow backend, whose memory is the machine's or the GPU's";
  const message =
    `Training needs about ${gib(need.total)} GiB (weights ${gib(parts.weights)}, trained values ${gib(parts.adapter)}, ` +
    `activations ${gib(parts.activations + parts.logits)} for ${job.training.microBatchSize} rows of ${job.length} tokens), ` +
    `but the heap of the wasm backend ends at ${gib(WASM_HEAP_BYTES)} GiB: ${out}.`;
  throw ways.some(({ smaller }) => smaller) ? new ResourceError(message) : new UserError(message);
}

interface WayToFit {
  readonly words: string;
  /** Only the micro-batch is smaller: the result stays the same. */
  readonly smaller: boolean;
}

/** Each change that is enough alone, the mildest first. */
function waysToFit(job: HeapJob): WayToFit[] {
  const { training, method } = job;
  const fits = (changed: HeapJob): boolean => (needOf(changed)?.total ?? 0) <= WASM_HEAP_BYTES;
  const ways: WayToFit[] = [];
  let rows = training.microBatchSize;
  do rows = Math.floor(rows / 2);
  while (rows > 0 && !fits({ ...job, training: { ...training, microBatchSize: rows } }));
  if (rows > 0) ways.push({ words: `set training.microBatchSize to ${rows}`, smaller: true });
  if (
    !training.gradientCheckpointing &&
    fits({ ...job, training: { ...training, gradientCheckpointing: true } })
  )
    ways.push({ words: 'turn training.gradientCheckpointing on', smaller: false });
  const packed = { ...method, type: MethodType.METHOD_TYPE_QLORA };
  if (method.type === MethodType.METHOD_TYPE_LORA && fits({ ...job, method: packed }))
    ways.push({ words: 'use method qlora', smaller: false });
  return ways;
}

function needOf({ model, method, training, length }: HeapJob): ReturnType<typeof estimateMemory> | undefined {
  const workload = workloadOf(model, method, training, { batch: training.microBatchSize, length });
  // Packed weights, moments and the copy of the trained values lie beside the heap.
  try {
    return workload && estimateMemory({ ...workload, memory: 'device' });
  } catch (error) {
    if (error instanceof PatternError) throw new UserError(`method.lora.${error.message}.`);
    throw error;
  }
}

function gib(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(2);
}
