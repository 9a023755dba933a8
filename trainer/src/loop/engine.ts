import type { NamedBase } from '../adapter/index.js';
import type { MicroBatch } from '../data/micro-batch.js';
import type { MeasuredPass } from '../memory/index.js';
import type { GenerationOptions, ModelConfig } from '../model/index.js';

/** One trainable tensor inside the flat parameter vector. */
export interface ParameterSlot {
  /** The name in our checkpoint, e.g. `model.layers.0.self_attn.q_proj.lora_A.weight`. */
  readonly name: string;
  readonly shape: readonly number[];
  /** First element inside the flat vector. */
  readonly offset: number;
  readonly size: number;
}

/** Hyper-parameters of one optimizer update. */
export interface UpdateOptions {
  /** 1-based optimizer step; AdamW's bias correction uses it. */
  readonly step: number;
  readonly learningRate: number;
  /** Every gradient is multiplied by this first: 1 / trained tokens of the global batch, and the clip factor is applied after. */
  readonly gradientScale: number;
  /** Global L2 norm to clip to; 0 = off. */
  readonly maxGradNorm: number;
}

export interface GenerateOptions extends GenerationOptions {
  /** false = the base model without the adapter. */
  readonly useAdapter: boolean;
}

/**
 * Everything numeric of one job on one device: model, adapter, optimizer. It knows nothing of peers, files
 * of data, or Kubernetes. Runs inside the compute thread; all calls are made one at a time.
 */
export interface Engine {
  /** The backend in use and why, for logs: `wasm (default)`. */
  readonly backend: string;
  /** Trainable parameters, in the fixed order of the flat vector. */
  readonly parameters: readonly ParameterSlot[];
  /** Length of the flat vector. */
  readonly parameterCount: number;
  /** The base model as its config.json describes it. */
  readonly modelConfig: ModelConfig;
  /** The gradient that took the most memory so far, where memory is measured. */
  readonly largestPass: MeasuredPass | undefined;

  /**
   * Forward and backward of one micro-batch.
   * Writes d(sum of token losses)/d(parameters), unnormalised, to `gradient` (length {@link parameterCount}, overwritten).
   * Dropout masks depend on `dropoutSeed` and nothing else.
   */
  gradient(batch: MicroBatch, dropoutSeed: number, gradient: Float32Array): Promise<LossSum>;

  /** Forward only. */
  loss(batch: MicroBatch): Promise<LossSum>;
  /** Forward only, of the base model without the adapter. */
  baseLoss(batch: MicroBatch): Promise<LossSum>;
  /** Frees what {@link baseLoss} and {@link generate} loaded of a base model that is itself trained. */
  releaseBase(): void;

  /**
   * One AdamW update from the summed gradient. Returns the global gradient norm after `gradientScale`, before clipping;
   * nothing changes when that is not finite.
   */
  update(gradient: Float32Array, options: UpdateOptions): Promise<number>;

  /** Trainable parameters and optimizer moments as one safetensors image: bit-exact, what a newcomer or a checkpoint needs. */
  exportState(): Promise<Uint8Array>;
  importState(state: Uint8Array): Promise<void>;

  /** Greedy continuation of each prompt (token ids); the returned rows hold the new ids only, without the stop id. */
  generate(prompts: readonly Int32Array[], options: GenerateOptions): Promise<Int32Array[]>;

  /** Writes the result (a PEFT folder, or a Hugging Face folder for `full`) into an existing empty folder. */
  save(folder: string, base: NamedBase): Promise<void>;

  dispose(): void;
}

export interface LossSum {
  /** Sum over trained tokens, nats. */
  readonly lossSum: number;
  readonly trainedTokens: number;
}
