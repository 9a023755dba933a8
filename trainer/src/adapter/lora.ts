import * as tf from '@tensorflow/tfjs-core';
import {
  asMatrix,
  asVector,
  HEAD,
  NO_LEAD,
  storedName,
  type BaseModel,
  type Forward,
} from '../model/index.js';
import { Random } from '../support/index.js';
import { dropoutMask, linear, type LoraFactors, type Matrix } from '../tensor/index.js';
import type { Adapter, Compatibility, Pass, NamedBase } from './adapter.js';
import { DoraScales } from './dora-scales.js';
import { loraCompatibility } from './lora-compatibility.js';
import type { LoraOptions } from './lora-options.js';
import type { LoraTarget } from './lora-target.js';
import { ParameterVector } from './parameter-vector.js';
import { resolveTargets } from './resolve-targets.js';
import { saveLora } from './save-lora.js';
import type { SavedTensor } from './saved-tensors.js';
import { UserError } from '../errors.js';

/**
 * LoRA (Hu et al. 2021), rsLoRA (Kalajdzievski 2023) and DoRA (Liu et al. 2024) over linear layers, on a base in
 * float32 or packed (QLoRA): y = W x + b + scale B A dropout(x), DoRA with a trained magnitude per output. Ranks and
 * scales may differ by layer, and some modules of the base may be trained whole beside them.
 */
export class Lora implements Adapter {
  readonly lead = NO_LEAD;
  readonly trainsBase = false;
  readonly parameters: ParameterVector;
  readonly targets: readonly LoraTarget[];
  readonly saved: readonly SavedTensor[];
  private readonly streams: ReadonlyMap<string, readonly [LoraTarget, number]>;
  private readonly dora: DoraScales | undefined;
  private readonly headApart: boolean;

  constructor(
    private readonly model: BaseModel,
    readonly options: LoraOptions,
    seed: number,
  ) {
    const { targets, saved } = resolveTargets(model.config, options);
    this.targets = targets;
    this.saved = saved;
    this.streams = new Map(targets.map((target, index) => [target.module.name, [target, index]]));
    this.parameters = new ParameterVector([
      ...targets.flatMap((target) => loraTensors(target, options)),
      ...saved,
    ]);
    this.headApart =
      model.config.tiedHead && saved.some(({ from }) => from === storedName(model.config, HEAD));
    for (const target of targets) this.initialize(target, seed);
    for (const tensor of saved) this.copyBase(tensor);
    this.dora = options.dora ? this.doraScales() : undefined;
  }

  get compatibility(): Compatibility {
    return loraCompatibility(this.options);
  }

  forward(_model: BaseModel, pass: Pass): Forward {
    const { weights, config } = this.model;
    const { parameters } = this;
    this.dora?.prepare(this.targets.map(({ module }) => module));
    return {
      headApart: this.headApart,
      tensor: (name) =>
        parameters.has(name) ? parameters.tensor(name) : weights.tensor(storedName(config, name)),
      trains: (name) => parameters.has(name),
      linear: (module, x) => {
        const found = this.streams.get(module.name);
        if (found) {
          const [target, stream] = found;
          const factors: LoraFactors = {
            a: asMatrix(parameters.tensor(`${module.name}.lora_A.weight`)),
            b: asMatrix(parameters.tensor(`${module.name}.lora_B.weight`)),
            scale: target.scale,
            dropoutMask: this.mask(x, pass, stream),
          };
          return this.dora ? this.dora.linear(module, x, factors) : weights.linear(module, x, factors);
        }
        if (!parameters.has(`${module.name}.weight`)) return weights.linear(module, x);
        const weight = asMatrix(parameters.tensor(`${module.name}.weight`));
        const bias = module.bias ? asVector(parameters.tensor(`${module.name}.bias`)) : undefined;
        return linear(x, weight, bias, { layout: module.layout, trainable: true });
      },
    };
  }

  learningRateFactor(name: string): number {
    return name.endsWith('.lora_B.weight') ? this.options.loraPlusRatio : 1;
  }

  refresh(): void {
    this.dora?.forget();
  }

  save(folder: string, base: NamedBase): void {
    saveLora(folder, base, { model: this.model, lora: this });
  }

  dispose(): void {
    this.dora?.forget();
    this.parameters.dispose();
  }

  private mask(x: Matrix, pass: Pass, stream: number): Matrix | undefined {
    if (pass.dropoutSeed === undefined || this.options.dropout === 0) return undefined;
    return dropoutMask(x.shape, { rate: this.options.dropout, seed: pass.dropoutSeed, stream });
  }

  /** PEFT's starts: A uniform within 1/sqrt(inputs) (kaiming with a = sqrt 5) or normal with deviation 1/r; B zero. */
  private initialize({ module: { name, inputs }, rank }: LoraTarget, seed: number): void {
    const factor = `${name}.lora_A.weight`;
    const random = new Random(seed, factor);
    if (this.options.init === 'gaussian') random.fillNormal(this.parameters.view(factor), 1 / rank);
    else random.fillUniform(this.parameters.view(factor), -1 / Math.sqrt(inputs), 1 / Math.sqrt(inputs));
  }

  /** Norms of the base's rows are the first magnitudes, because B is zero. */
  private doraScales(): DoraScales {
    const scales = new Map(this.targets.map(({ module, scale }) => [module.name, scale]));
    const dora = new DoraScales(this.model, this.parameters, ({ name }) => scales.get(name) ?? Number.NaN);
    this.parameters.upload();
    for (const { module } of this.targets)
      this.parameters.view(magnitudeName(module.name)).set(dora.norms(module));
    this.parameters.changed();
    return dora;
  }

  private copyBase({ name, from }: SavedTensor): void {
    const { weights } = this.model;
    if (weights.isPacked(from)) {
      throw new UserError(
        `method.lora.modulesToSave: ${name} is a layer that qlora keeps in 4 bits, so it cannot be trained whole; use method lora, or save the embedding, the head and norms only.`,
      );
    }
    this.parameters.view(name).set(tf.tidy(() => weights.tensor(from).dataSync<'float32'>()));
  }
}

export function magnitudeName(module: string): string {
  return `${module}.lora_magnitude_vector`;
}

function loraTensors(
  { module, rank }: LoraTarget,
  { dora }: LoraOptions,
): { name: string; shape: number[] }[] {
  const factors = [
    { name: `${module.name}.lora_A.weight`, shape: [rank, module.inputs] },
    { name: `${module.name}.lora_B.weight`, shape: [module.outputs, rank] },
  ];
  return dora ? [...factors, { name: magnitudeName(module.name), shape: [module.outputs] }] : factors;
}
