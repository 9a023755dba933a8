import type { BaseModel, Forward, Lead } from '../model/index.js';
import type { Matrix } from '../tensor/index.js';
import type { ParameterVector } from './parameter-vector.js';

/** One forward pass: with a seed it is a training pass and drops out where the method does. */
export interface Pass {
  readonly dropoutSeed?: number;
}

/** The base model as whoever loads the result knows it, and not by a path of the machine that trained it. */
export interface NamedBase {
  /** `organization/name` of a hub, or a plain name. */
  readonly name: string;
  /** Commit of the hub. */
  readonly revision?: string | undefined;
}

/** Which runtimes load a result, and what to know about it. */
export interface Compatibility {
  readonly peft: boolean;
  readonly vllm: boolean;
  readonly note: string;
}

/**
 * One fine-tuning method on one base model: its trainable parameters, how they change the forward pass, and the
 * files that hold the result. Implementations differ in nothing else.
 */
export interface Adapter {
  readonly parameters: ParameterVector;
  /** What stands before the tokens of every sequence. */
  readonly lead: Lead;
  readonly compatibility: Compatibility;
  /** The base model's own tensors are what is trained; its weights are not loaded beside them. */
  readonly trainsBase: boolean;

  /**
   * Prompt methods only: what the forward pass uses in place of the raw parameters (the encoder's output,
   * `[virtualTokens, width]`), computed once a pass. Gradients flow to it first and then through it.
   */
  encode?(pass: Pass): Matrix;

  /** The base model's forward pass with this adapter. The parameters have been uploaded. */
  forward(model: BaseModel, pass: Pass, encoded: Matrix | undefined): Forward;

  /** Factor of the learning rate of one parameter (LoRA+). */
  learningRateFactor(name: string): number;

  /** Called after parameters changed, to drop what was computed from them. */
  refresh?(): void;

  /** Writes the result into an existing folder. Each file is whole or absent. */
  save(folder: string, base: NamedBase): void;

  dispose(): void;
}
