import * as tf from '@tensorflow/tfjs-core';
import { loadPeftAdapter, type Adapter } from '../adapter/index.js';
import {
  baseForward,
  generateTokens,
  loadModel,
  lossSum,
  NO_LEAD,
  padSequences,
  planRows,
  type BaseModel,
  type Forward,
  type GenerationOptions,
  type Lead,
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
  { adapter: adapterFolder, fromScratch }: InferenceSource = {},
): Promise<InferenceModel> {
  const { name, reason } = await selectBackend({ force: process.env['TUNEYARD_BACKEND'] });
  const backend = `${name} (${reason})`;
  const model = loadModel(modelFolder, { origin: fromScratch === true ? 'scratch' : 'folder' });
  const adapter = adapterFolder === undefined ? undefined : loadPeftAdapter(model, adapterFolder);
  return new InferenceModel(backend, model, adapter);
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

  /** Continuation of each prompt: the new ids alone. */
  generate(prompts: readonly Int32Array[], options: GenerationOptions): Int32Array[] {
    return this.withForward((forward, lead) =>
      generateTokens(this.model.config, forward, lead, prompts, options),
    );
  }

  dispose(): void {
    this.adapter?.dispose();
    this.model.dispose();
  }

  private withForward<T>(use: (forward: Forward, lead: Lead) => T): T {
    if (!this.adapter) return use(baseForward(this.model), NO_LEAD);
    this.adapter.parameters.upload();
    const encoded = this.adapter.encode?.({});
    try {
      return use(this.adapter.forward(this.model, {}, encoded), this.adapter.lead);
    } finally {
      encoded?.dispose();
    }
  }
}
