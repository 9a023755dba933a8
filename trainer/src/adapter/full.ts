import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  NO_LEAD,
  tensorSpecs,
  writeSafetensors,
  type BaseModel,
  type Forward,
  type LinearModule,
  type WeightSource,
  asMatrix,
  asVector,
} from '../model/index.js';
import { linear, type Matrix, type Vector } from '../tensor/index.js';
import type { Adapter, Compatibility } from './adapter.js';
import { ParameterVector } from './parameter-vector.js';

/** Files of a Hugging Face folder that the tuned model takes over as they are. */
const COMPANIONS = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'merges.txt',
  'tokenizer.model',
  'chat_template.jinja',
];

/** Full fine-tuning: every tensor of the model is trained, embeddings and norms included. */
export class Full implements Adapter {
  readonly lead = NO_LEAD;
  readonly trainsBase = true;
  readonly parameters: ParameterVector;
  readonly compatibility: Compatibility = {
    peft: false,
    vllm: true,
    note: 'the result is a whole model: any runtime that reads Hugging Face folders loads it',
  };

  /** @param source the first values; read once, tensor by tensor. */
  constructor(
    private readonly model: BaseModel,
    source: WeightSource,
  ) {
    const specs = tensorSpecs(model.config);
    this.parameters = new ParameterVector(specs);
    for (const spec of specs) this.parameters.view(spec.name).set(source.read(spec));
  }

  forward(): Forward {
    const { parameters } = this;
    return {
      tensor: (name) => parameters.tensor(name),
      trains: () => true,
      linear: (module, x) =>
        linear(x, weight(parameters, module), bias(parameters, module), {
          layout: module.layout,
          trainable: true,
        }),
    };
  }

  learningRateFactor(): number {
    return 1;
  }

  save(folder: string): void {
    for (const name of COMPANIONS) {
      const file = join(this.model.folder, name);
      if (existsSync(file)) copyFileSync(file, join(folder, name));
    }
    const tensors = this.parameters.slots.map(({ name, shape }) => ({
      name,
      shape,
      type: 'F32' as const,
      data: this.parameters.view(name),
    }));
    writeSafetensors(join(folder, 'model.safetensors'), tensors);
  }

  dispose(): void {
    this.parameters.dispose();
  }
}

function weight(parameters: ParameterVector, module: LinearModule): Matrix {
  return asMatrix(parameters.tensor(`${module.name}.weight`));
}

function bias(parameters: ParameterVector, module: LinearModule): Vector | undefined {
  return module.bias ? asVector(parameters.tensor(`${module.name}.bias`)) : undefined;
}
