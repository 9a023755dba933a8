import type { Matrix } from '../tensor/index.js';
import type { Pass } from './adapter.js';
import type { ParameterVector } from './parameter-vector.js';

/** How one tensor of an encoder starts: N(0, 1), or uniform within the bound (torch's defaults). */
export type EncoderInitial = { readonly normal: true } | { readonly uniform: number };

export interface EncoderTensor {
  /** The name in PEFT's encoder module. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly initial: EncoderInitial;
}

/** The trained network that makes prompt embeddings; thrown away by PEFT when it saves, kept by our checkpoints. */
export interface PromptEncoder {
  readonly tensors: readonly EncoderTensor[];
  /** The uploaded parameters -> `[virtualTokens, width]`, differentiable. */
  encode(parameters: ParameterVector, pass: Pass): Matrix;
}

/** The table that every encoder starts from. */
export function embeddingTable(rows: number, width: number): EncoderTensor {
  return { name: 'embedding.weight', shape: [rows, width], initial: { normal: true } };
}

/** torch.nn.Linear: weight [outputs, inputs] and bias. */
export function linearTensors(name: string, inputs: number, outputs: number): EncoderTensor[] {
  const initial = { uniform: 1 / Math.sqrt(inputs) };
  return [
    { name: `${name}.weight`, shape: [outputs, inputs], initial },
    { name: `${name}.bias`, shape: [outputs], initial },
  ];
}
