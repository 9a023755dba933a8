import { join } from 'node:path';
import {
  computeBaseLoss,
  computeGradient,
  computeLogits,
  computeLoss,
  packAdapterState,
  unpackAdapterState,
  type AdaptedModel,
  type Adapter,
  type NamedBase,
  type ParameterSlot,
} from '../adapter/index.js';
import type { MicroBatch } from '../data/micro-batch.js';
import {
  baseForward,
  generateTokens,
  loadModel,
  NO_LEAD,
  planRows,
  writeJsonAtomically,
  type BaseModel,
  type ModelConfig,
  type WeightOrigin,
} from '../model/index.js';
import {
  adamwStep,
  clipFactor,
  decays,
  gradientNorm,
  type AdamWOptions,
  type Moments,
  type ParameterRange,
} from '../optim/index.js';
import { PassRecorder, type HeapMeter, type MeasuredPass } from '../memory/index.js';
import type { Engine, GenerateOptions, LossSum, UpdateOptions } from './engine.js';

/** Beside the result: which runtimes load it. */
const RESULT_FILE = 'tuneyard.json';

export interface TensorEngineOptions {
  /** For logs. */
  readonly backend: string;
  readonly optimizer: AdamWOptions;
  readonly gradientCheckpointing: boolean;
  /** Seeds the base model's weights where it starts from scratch. */
  readonly seed: number;
  /** Where the base model's weights come from; default `folder`. */
  readonly origin?: WeightOrigin;
  /** Measures the memory of every gradient. Must have seen the weights being loaded. Default: nothing is measured. */
  readonly meter?: HeapMeter | undefined;
}

/** The engine over a model and an adapter on the selected tensor backend. Owns both. */
export class TensorEngine implements Engine {
  readonly backend: string;
  readonly parameters: readonly ParameterSlot[];
  readonly parameterCount: number;
  private readonly model: BaseModel;
  private readonly adapter: Adapter;
  private readonly moments: Moments;
  private readonly ranges: readonly ParameterRange[];
  private readonly recorder: PassRecorder | undefined;
  private baseCopy: BaseModel | undefined;
  private hasChanged = false;

  constructor(
    { model, adapter }: AdaptedModel,
    private readonly options: TensorEngineOptions,
  ) {
    this.model = model;
    this.adapter = adapter;
    this.backend = options.backend;
    this.parameters = adapter.parameters.slots;
    this.parameterCount = adapter.parameters.values.length;
    this.moments = {
      first: new Float32Array(this.parameterCount),
      second: new Float32Array(this.parameterCount),
    };
    this.ranges = this.parameters.map(({ name, offset, size }) => ({
      offset,
      size,
      learningRateFactor: adapter.learningRateFactor(name),
      decays: decays(name),
    }));
    // Values, moments and the gradient lie in host memory, and so do packed weights.
    const vector = adapter.parameters.values.byteLength;
    this.recorder =
      options.meter &&
      new PassRecorder(options.meter, {
        weights: model.weights.packedBytes.bytes,
        adapter: vector,
        optimizer: 3 * vector,
      });
  }

  get modelConfig(): ModelConfig {
    return this.model.config;
  }

  get largestPass(): MeasuredPass | undefined {
    return this.recorder?.largest;
  }

  async gradient(batch: MicroBatch, dropoutSeed: number, gradient: Float32Array): Promise<LossSum> {
    const plan = planRows(batch, this.adapter.lead);
    const compute = (): number =>
      computeGradient(this.model, this.adapter, plan, { dropoutSeed }, gradient, {
        checkpointing: this.options.gradientCheckpointing,
      });
    const upload = (): void => void this.adapter.parameters.upload();
    const lossSum = this.recorder ? this.recorder.measure(batch, upload, compute) : compute();
    return { lossSum, trainedTokens: plan.trainedTokens };
  }

  async loss(batch: MicroBatch): Promise<LossSum> {
    const plan = planRows(batch, this.adapter.lead);
    return { lossSum: computeLoss(this.model, this.adapter, plan), trainedTokens: plan.trainedTokens };
  }

  async baseLoss(batch: MicroBatch): Promise<LossSum> {
    if (this.isBaseItself) return this.loss(batch);
    const plan = planRows(batch, NO_LEAD);
    return { lossSum: computeBaseLoss(this.base(), plan), trainedTokens: plan.trainedTokens };
  }

  /** Logits of every row that is no padding, virtual tokens included: `[rows, vocabulary]`. */
  async logits(batch: MicroBatch): Promise<Float32Array> {
    return computeLogits(this.model, this.adapter, planRows(batch, this.adapter.lead));
  }

  /** A copy of one trainable tensor. */
  parameter(name: string): Float32Array {
    return this.adapter.parameters.view(name).slice();
  }

  async update(gradient: Float32Array, options: UpdateOptions): Promise<number> {
    // Training needs the room.
    this.releaseBase();
    const norm = gradientNorm(gradient, options.gradientScale);
    if (!Number.isFinite(norm)) return norm;
    adamwStep(this.adapter.parameters.values, gradient, this.moments, this.ranges, {
      ...this.options.optimizer,
      learningRate: options.learningRate,
      step: options.step,
      gradientScale: options.gradientScale * clipFactor(norm, options.maxGradNorm),
    });
    this.changed();
    return norm;
  }

  async exportState(): Promise<Uint8Array> {
    return packAdapterState(this.adapter.parameters, this.moments);
  }

  async importState(state: Uint8Array): Promise<void> {
    unpackAdapterState(state, this.adapter.parameters, this.moments);
    this.changed();
  }

  async generate(prompts: readonly Int32Array[], options: GenerateOptions): Promise<Int32Array[]> {
    const { config } = this.model;
    if (options.useAdapter || this.isBaseItself) {
      this.adapter.parameters.upload();
      const encoded = this.adapter.encode?.({});
      try {
        const forward = this.adapter.forward(this.model, {}, encoded);
        return generateTokens(config, forward, this.adapter.lead, prompts, options);
      } finally {
        encoded?.dispose();
      }
    }
    return generateTokens(config, baseForward(this.base()), NO_LEAD, prompts, options);
  }

  releaseBase(): void {
    this.baseCopy?.dispose();
    this.baseCopy = undefined;
  }

  /** A model that is trained whole keeps no copy of what it was: read it again. */
  private base(): BaseModel {
    if (!this.adapter.trainsBase) return this.model;
    const { seed, origin = 'folder' } = this.options;
    return (this.baseCopy ??= loadModel(this.model.folder, { seed, origin }));
  }

  async save(folder: string, base: NamedBase): Promise<void> {
    this.adapter.save(folder, base);
    const { peft, vllm, note } = this.adapter.compatibility;
    writeJsonAtomically(join(folder, RESULT_FILE), { runtimes: { peft, vllm }, note });
  }

  dispose(): void {
    this.releaseBase();
    this.adapter.dispose();
    this.model.dispose();
  }

  /** The base model's own tensors are trained, and nothing has been trained yet. */
  private get isBaseItself(): boolean {
    return this.adapter.trainsBase && !this.hasChanged;
  }

  private changed(): void {
    this.hasChanged = true;
    this.adapter.parameters.changed();
    this.adapter.refresh?.();
  }
}
