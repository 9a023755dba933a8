import { type BaseModel, type Forward, type LinearModule, asMatrix } from '../model/index.js';
import { Random } from '../support/index.js';
import { NO_LEAD } from '../model/index.js';
import { dropoutMask, type LoraFactors, type Matrix } from '../tensor/index.js';
import type { Adapter, Compatibility, Pass } from './adapter.js';
import { DoraScales } from './dora-scales.js';
import type { LoraOptions } from './lora-options.js';
import { ParameterVector } from './parameter-vector.js';
import { resolveTargets } from './resolve-targets.js';
import { saveLora } from './save-lora.js';

/**
 * LoRA (Hu et al. 2021), rsLoRA (Kalajdzievski 2023) and DoRA (Liu et al. 2024) over linear layers, on a base in
 * float32 or packed (QLoRA): y = W x + b + scale B A dropout(x), DoRA with a trained magnitude per output.
 */
export class Lora implements Adapter {
  readonly lead = NO_LEAD;
  readonly trainsBase = false;
  readonly parameters: ParameterVector;
  readonly targets: readonly LinearModule[];
  private readonly streams: ReadonlyMap<string, number>;
  private readonly dora: DoraScales | undefined;

  constructor(
    private readonly model: BaseModel,
    readonly options: LoraOptions,
    seed: number,
  ) {
    this.targets = resolveTargets(model.config, options.targetModules);
    this.streams = new Map(this.targets.map(({ name }, index) => [name, index]));
    this.parameters = new ParameterVector(this.targets.flatMap((module) => loraTensors(module, options)));
    for (const module of this.targets) this.initialize(module, seed);
    this.dora = options.variant === 'dora' ? new DoraScales(model, this.parameters, this.scale) : undefined;
    if (this.dora) {
      this.parameters.upload();
      for (const module of this.targets)
        this.parameters.view(magnitudeName(module)).set(this.dora.norms(module));
      this.parameters.changed();
    }
  }

  /** alpha / r, or alpha / sqrt(r) for rsLoRA. */
  get scale(): number {
    const { rank, alpha, variant } = this.options;
    return alpha / (variant === 'rslora' ? Math.sqrt(rank) : rank);
  }

  get compatibility(): Compatibility {
    return this.options.variant === 'dora'
      ? {
          peft: true,
          vllm: false,
          note: 'vLLM loads no DoRA adapters; merge it into the base model for vLLM',
        }
      : { peft: true, vllm: true, note: '' };
  }

  forward(_model: BaseModel, pass: Pass): Forward {
    const { weights } = this.model;
    this.dora?.prepare(this.targets);
    return {
      tensor: (name) => weights.tensor(name),
      trains: () => false,
      linear: (module, x) => {
        const stream = this.streams.get(module.name);
        if (stream === undefined) return weights.linear(module, x);
        const mask = this.mask(x, pass, stream);
        const factors: LoraFactors = {
          a: asMatrix(this.parameters.tensor(`${module.name}.lora_A.weight`)),
          b: asMatrix(this.parameters.tensor(`${module.name}.lora_B.weight`)),
          scale: this.scale,
          dropoutMask: mask,
        };
        return this.dora ? this.dora.linear(module, x, factors) : weights.linear(module, x, factors);
      },
    };
  }

  learningRateFactor(name: string): number {
    return name.endsWith('.lora_B.weight') ? this.options.loraPlusRatio : 1;
  }

  refresh(): void {
    this.dora?.forget();
  }

  save(folder: string): void {
    saveLora(folder, this.model, this.options, this.targets, this.parameters);
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
  private initialize({ name, inputs }: LinearModule, seed: number): void {
    const factor = `${name}.lora_A.weight`;
    const random = new Random(seed, factor);
    if (this.options.init === 'gaussian')
      random.fillNormal(this.parameters.view(factor), 1 / this.options.rank);
    else random.fillUniform(this.parameters.view(factor), -1 / Math.sqrt(inputs), 1 / Math.sqrt(inputs));
  }
}

export function magnitudeName(module: LinearModule): string {
  return `${module.name}.lora_magnitude_vector`;
}

function loraTensors(module: LinearModule, options: LoraOptions): { name: string; shape: number[] }[] {
  const factors = [
    { name: `${module.name}.lora_A.weight`, shape: [options.rank, module.inputs] },
    { name: `${module.name}.lora_B.weight`, shape: [module.outputs, options.rank] },
  ];
  return options.variant === 'dora'
    ? [...factors, { name: magnitudeName(module), shape: [module.outputs] }]
    : factors;
}
