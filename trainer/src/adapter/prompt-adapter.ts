import * as tf from '@tensorflow/tfjs-core';
import {
  asMatrix,
  baseForward,
  type BaseModel,
  type Forward,
  type Lead,
  type ModelConfig,
} from '../model/index.js';
import { Random } from '../support/index.js';
import type { Matrix } from '../tensor/index.js';
import type { Adapter, Compatibility, Pass, NamedBase } from './adapter.js';
import { ParameterVector } from './parameter-vector.js';
import { writePeftFolder } from './peft-files.js';
import type { PromptEncoder } from './prompt-encoder.js';

export interface PromptMethod {
  readonly encoder: PromptEncoder;
  readonly virtualTokens: number;
  /** `rows`: embeddings before the tokens. `prefix`: keys and values of every layer. */
  readonly kind: 'rows' | 'prefix';
  /** adapter_config.json beyond the fields that every prompt method has. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A method that trains what stands before the tokens and leaves the base model alone. */
export class PromptAdapter implements Adapter {
  readonly trainsBase = false;
  readonly lead: Lead;
  readonly parameters: ParameterVector;
  readonly compatibility: Compatibility = {
    peft: true,
    vllm: false,
    note: 'vLLM has no prompt adapters; PEFT loads the prompt, but only our checkpoint can resume its training',
  };

  constructor(
    private readonly model: BaseModel,
    private readonly method: PromptMethod,
    seed: number,
  ) {
    const { encoder, kind, virtualTokens } = method;
    this.lead =
      kind === 'rows'
        ? { virtualTokens, prefixTokens: 0 }
        : { virtualTokens: 0, prefixTokens: virtualTokens };
    this.parameters = new ParameterVector(encoder.tensors);
    for (const { name, initial } of encoder.tensors) {
      const random = new Random(seed, name);
      const values = this.parameters.view(name);
      if ('normal' in initial) random.fillNormal(values, 1);
      else random.fillUniform(values, -initial.uniform, initial.uniform);
    }
  }

  encode(pass: Pass): Matrix {
    return this.method.encoder.encode(this.parameters, pass);
  }

  forward(model: BaseModel, _pass: Pass, encoded: Matrix | undefined): Forward {
    if (!encoded) throw new Error('a prompt method needs its encoder to run first');
    const base = baseForward(model);
    if (this.method.kind === 'rows') return { ...base, virtualTokens: () => encoded };
    return { ...base, prefix: (layer) => layerPrefix(model.config, encoded, layer) };
  }

  learningRateFactor(): number {
    return 1;
  }

  save(folder: string, base: NamedBase): void {
    this.parameters.upload();
    const [shape, data] = tf.tidy(() => {
      const prompt = this.encode({});
      return [prompt.shape, prompt.dataSync<'float32'>()] as const;
    });
    const fields = {
      num_transformer_submodules: 1,
      num_layers: this.model.config.layers,
      num_virtual_tokens: this.method.virtualTokens,
      ...this.method.fields,
    };
    const tensors = [{ name: 'prompt_embeddings', shape, type: 'F32' as const, data }];
    writePeftFolder(folder, base, { fields, tensors });
  }

  dispose(): void {
    this.parameters.dispose();
  }
}

/** PEFT's layout of a prefix row: for each layer the keys, then the values, `[2 layers, kvHeads, headDim]`. */
function layerPrefix(config: ModelConfig, encoded: Matrix, layer: number): { keys: Matrix; values: Matrix } {
  const width = config.keyValueHeads * config.headDim;
  const part = (index: number) => asMatrix(tf.slice(encoded, [0, index * width], [encoded.shape[0], width]));
  return { keys: part(2 * layer), values: part(2 * layer + 1) };
}
