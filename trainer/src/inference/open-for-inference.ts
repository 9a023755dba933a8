import * as tf from '@tensorflow/tfjs-core';
import { loadPeftAdapter, type Adapter } from '../adapter/index.js';
import {
  baseForward,
  generateTokens,
  generationSteps,
  loadModel,
  lossSum,
  NO_LEAD,
  padSequences,
  planRows,
  readDecodingRules,
  type BaseModel,
  type Forward,
  type GenerationOptions,
  type Lead,
  type NewToken,
} from '../model/index.js';
import { selectBackend } from '../tensor/index.js';

export interface InferenceSource {
  /** Folder of a PEFT adapter. */
  readonly adapter?: string | undefined;
  /** Random weights instead of those in the folder. Default false. */
  readonly fromScratch?: boolean | undefined;
}

/** @throws UserError when a folder or a file in it cannot be used. */
export async function openForInference(
  modelFolder: string,
  { adapter, fromScratch }: InferenceSource = {},
): Promise<InferenceModel> {
  const { name, reason } = await selectBackend({ force: process.env['TUNEYARD_BACKEND'] });
  const backend = `${name} (${reason})`;
  const model = loadModel(modelFolder, { origin: fromScratch === true ? 'scratch' : 'folder' });
  return new InferenceModel(
    backend,
    model,
    adapter === undefined ? undefined : loadPeftAdapter(model, adapter),
  );
}

/** A model, with or without an adapter, for measuring and sampling. */
export class InferenceModel {
  constructor(
    readonly backend: string,
    private readonly model: BaseModel,
    private readonly adapter: Adapter | undefined,
  ) {}

  /** Positions that the model was trained for. */
  get maxPositions(): number {
    return this.model.config.maxPositions;
  }

  /** Positions that are left for text beside the virtual tokens of a prompt method. */
  get textPositions(): number {
    const { virtualTokens, prefixTokens } = this.adapter?.lead ?? NO_LEAD;
    return this.maxPositions - virtualTokens - prefixTokens;
  }

  /** The same model, loaded once, with another adapter. Dispose of it before the model that it came from. */
  withAdapter(folder: string): InferenceModel {
    return new BorrowedModel(this.backend, this.model, loadPeftAdapter(this.model, folder));
  }

  /** Sum of the losses of a sequence's tokens after the first, nats. */
  loss(ids: Int32Array): number {
    const batch = { ...padSequences([ids]), labels: ids.map((id, at) => (at === 0 ? -100 : id)) };
    return this.withForward((forward, lead) => {
      const sum = tf.tidy(() => lossSum(this.model.config, forward, planRows(batch, lead)));
      const [value = NaN] = sum.dataSync();
      sum.dispose();
      return value;
    });
  }

  /** Continuation of each prompt: the new ids alone. @throws UserError for a generation_config.json that is not supported */
  generate(prompts: readonly Int32Array[], options: GenerationOptions): Int32Array[] {
    return this.withForward((forward, lead) =>
      generateTokens(this.model.config, forward, lead, prompts, this.ruled(options)),
    );
  }

  /** {@link generate} step by step; whoever ends early calls `return()`, as `for … of` does. */
  *generateSteps(
    prompts: readonly Int32Array[],
    options: GenerationOptions,
  ): Generator<readonly NewToken[], void> {
    const { forward, lead, dispose } = this.openForward();
    try {
      yield* generationSteps(this.model.config, forward, lead, prompts, this.ruled(options));
    } finally {
      dispose();
    }
  }

  /** What the model's own files ask of the choice of tokens; read when a text is generated, as losses do not depend on it. */
  private ruled(options: GenerationOptions): GenerationOptions {
    return { rules: readDecodingRules(this.model.folder), ...options };
  }

  dispose(): void {
    this.adapter?.dispose();
    this.model.dispose();
  }

  private withForward<T>(use: (forward: Forward, lead: Lead) => T): T {
    const { forward, lead, dispose } = this.openForward();
    try {
      return use(forward, lead);
    } finally {
      dispose();
    }
  }

  private openForward(): OpenForward {
    if (!this.adapter) return { forward: baseForward(this.model), lead: NO_LEAD, dispose: () => undefined };
    this.adapter.parameters.upload();
    const encoded = this.adapter.encode?.({});
    return {
      forward: this.adapter.forward(this.model, {}, encoded),
      lead: this.adapter.lead,
      dispose: () => encoded?.dispose(),
    };
  }
}

interface OpenForward {
  readonly forward: Forward;
  readonly lead: Lead;
  readonly dispose: () => void;
}

/** Its base model belongs to another. */
class BorrowedModel extends InferenceModel {
  constructor(
    backend: string,
    model: BaseModel,
    private readonly own: Adapter,
  ) {
    super(backend, model, own);
  }

  override dispose(): void {
    this.own.dispose();
  }
}
