import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MethodConfig, MethodType } from '@tuneyard/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../errors.js';
import {
  FrozenWeights,
  linearModules,
  loadModel,
  planRows,
  readModelConfig,
  tensorSpecs,
  writeJsonAtomically,
  writeSafetensors,
} from '../model/index.js';
import { selectBackend } from '../tensor/index.js';
import { createAdapter } from './create-adapter.js';
import { computeGradient } from './gradient.js';
import {
  loraMethod,
  packedBatch,
  randomSequences,
  TINY_MODELS,
  tinyModelFolder,
} from './testing/tiny-models.js';

let folder = '';
const scratch = mkdtempSync(join(tmpdir(), 'create-adapter-'));
beforeAll(async () => {
  await selectBackend({ force: 'wasm' });
  folder = tinyModelFolder();
});
afterAll(() => {
  for (const each of [folder, scratch]) rmSync(each, { recursive: true, force: true });
});

const create = (method: MethodConfig, modelFolder = folder) =>
  createAdapter({ method, modelFolder, seed: 5 });

describe('a method that cannot be', () => {
  it.each([
    ['rank', loraMethod({ rank: 0 }), /lora\.rank: 0 must be a positive integer/],
    ['alpha', loraMethod({ alpha: 0 }), /lora\.alpha: 0 must be greater than 0/],
    ['dropout', loraMethod({ dropout: 1 }), /lora\.dropout: 1 must be in \[0, 1\)/],
    ['variant', loraMethod({ variant: 'vera' }), /lora\.variant: "vera".*standard, rslora, dora/],
    ['init', loraMethod({ init: 'pissa' }), /lora\.init: "pissa".*kaiming, gaussian, adapter/],
    [
      'target',
      loraMethod({ targetModules: ['q_proj', 'wq'] }),
      /"wq" is no linear layer of a llama model.*q_proj/,
    ],
    ['no target', loraMethod({ targetModules: [] }), /targetModules is empty/],
    ['adapter', loraMethod({ init: 'adapter', initFrom: '/none' }), /\/none: no PEFT adapter/],
    [
      'encoder',
      MethodConfig.fromPartial({ type: MethodType.METHOD_TYPE_PTUNING, ptuning: { encoder: 'cnn' } }),
      /"cnn"/,
    ],
    [
      'virtual tokens',
      MethodConfig.fromPartial({ type: MethodType.METHOD_TYPE_PTUNING_V2, prefix: { virtualTokens: 0 } }),
      /prefix\.virtualTokens: 0 must be a positive integer/,
    ],
    [
      'text',
      MethodConfig.fromPartial({
        type: MethodType.METHOD_TYPE_PROMPT,
        prompt: { virtualTokens: 2, init: 'text' },
      }),
      /prompt\.initText is empty/,
    ],
  ])('is refused by field: %s', (_field, method, message) => {
    expect(() => create(method)).toThrow(UserError);
    expect(() => create(method)).toThrow(message);
  });
});

describe('fresh LoRA parameters', () => {
  it('start as PEFT starts them: A within 1/sqrt(in), B zero, the same for the same seed', () => {
    const { adapter, model } = create(loraMethod({ targetModules: ['down_proj'] }));
    const a = adapter.parameters.view('model.layers.1.mlp.down_proj.lora_A.weight');
    const bound = 1 / Math.sqrt(48);
    expect(Math.max(...a)).toBeLessThanOrEqual(bound);
    expect(Math.max(...a)).toBeGreaterThan(0.9 * bound);
    expect(Math.min(...a)).toBeLessThan(-0.9 * bound);
    expect(
      adapter.parameters.view('model.layers.1.mlp.down_proj.lora_B.weight').every((value) => value === 0),
    ).toBe(true);
    const again = create(loraMethod({ targetModules: ['down_proj'] }));
    expect(again.adapter.parameters.values).toEqual(adapter.parameters.values);
    const other = createAdapter({
      method: loraMethod({ targetModules: ['down_proj'] }),
      modelFolder: folder,
      seed: 6,
    });
    expect(other.adapter.parameters.values).not.toEqual(adapter.parameters.values);
    for (const each of [model, again.model, other.model]) each.dispose();
  });

  it('are gaussian with deviation 1/r when asked', () => {
    const { adapter, model } = create(loraMethod({ rank: 16, init: 'gaussian', targetModules: ['q_proj'] }));
    const a = adapter.parameters.view('model.layers.0.self_attn.q_proj.lora_A.weight');
    expect(Math.hypot(...a) / Math.sqrt(a.length)).toBeCloseTo(1 / 16, 2);
    model.dispose();
  });

  it('go on from an adapter that was trained before, and say what does not fit', () => {
    const first = create(loraMethod());
    first.adapter.parameters.values.forEach((_, index, values) => (values[index] = Math.cos(index)));
    const saved = mkdtempSync(join(scratch, 'adapter-'));
    first.adapter.save(saved, { name: 'base' });
    const next = create(loraMethod({ init: 'adapter', initFrom: saved, dropout: 0.3 }));
    expect(next.adapter.parameters.values).toEqual(first.adapter.parameters.values);
    const from = { init: 'adapter', initFrom: `file://${saved}` };
    expect(() => create(loraMethod({ ...from, rank: 8 }))).toThrow(/lora\.rank: 8 differs from 4/);
    expect(() => create(loraMethod({ ...from, alpha: 3 }))).toThrow(/lora\.alpha: 3 differs from 8/);
    expect(() => create(loraMethod({ ...from, targetModules: ['q_proj'] }))).toThrow(
      /belongs to no target module/,
    );
    for (const each of [first, next]) each.model.dispose();
  });

  it('train B faster than A under LoRA+', () => {
    const { adapter, model } = create(loraMethod({ loraPlusRatio: 16 }));
    const factors = adapter.parameters.slots.map(({ name }) => [
      name.endsWith('lora_B.weight'),
      adapter.learningRateFactor(name),
    ]);
    expect(factors.every(([isB, factor]) => factor === (isB === true ? 16 : 1))).toBe(true);
    model.dispose();
  });
});

describe('QLoRA', () => {
  const wide = { hidden_size: 128, intermediate_size: 256 };

  it('holds the base in under 0.6 bytes a weight and trains on it as on its dequantized values', () => {
    const packedFolder = tinyModelFolder('llama', wide);
    const packed = create(loraMethod({}, MethodType.METHOD_TYPE_QLORA), packedFolder);
    const { bytes, weights } = packed.model.weights.packedBytes;
    expect(weights).toBe(
      linearModules(packed.model.config).reduce((sum, { inputs, outputs }) => sum + inputs * outputs, 0),
    );
    expect(bytes / weights).toBeLessThan(0.6);

    // The same model with what the packed weights stand for written out.
    const dense = mkdtempSync(join(scratch, 'dense-'));
    writeJsonAtomically(join(dense, 'config.json'), { ...TINY_MODELS['llama'], ...wide });
    const modules = new Map(
      linearModules(packed.model.config).map((module) => [`${module.name}.weight`, module]),
    );
    const tensors = tensorSpecs(readModelConfig(packedFolder)).map(({ name, shape }) => {
      const module = modules.get(name);
      const tensor = module ? packed.model.weights.dense(module) : packed.model.weights.tensor(name);
      const data = tensor.dataSync<'float32'>().slice();
      if (module) tensor.dispose();
      return { name, shape, type: 'F32' as const, data };
    });
    writeSafetensors(join(dense, 'model.safetensors'), tensors);
    const plain = create(loraMethod(), dense);

    const plan = planRows(packedBatch(randomSequences([8, 5], 2).map((sequence) => [sequence])));
    const [onPacked, onDense] = [packed, plain].map(({ model, adapter }) => {
      const gradient = new Float32Array(adapter.parameters.values.length);
      const loss = computeGradient(model, adapter, plan, {}, gradient, { checkpointing: false });
      return { loss, gradient };
    });
    expect(onPacked?.loss).toBeCloseTo(onDense?.loss ?? Number.NaN, 3);
    const difference =
      onPacked?.gradient.map((value, index) => value - (onDense?.gradient[index] ?? Number.NaN)) ?? [];
    expect(Math.hypot(...difference) / Math.hypot(...(onDense?.gradient ?? []))).toBeLessThan(1e-6);
    for (const each of [packed, plain]) each.model.dispose();
    rmSync(packedFolder, { recursive: true });
  });
});

describe('quantizing', () => {
  it('goes tensor by tensor: the model is never in memory as float32', () => {
    setFlagsFromString('--expose-gc');
    const collect: unknown = runInNewContext('gc');
    if (typeof collect !== 'function') throw new Error('no garbage collector');
    const place = tinyModelFolder('llama', {
      hidden_size: 256,
      intermediate_size: 512,
      num_hidden_layers: 8,
      num_attention_heads: 4,
    });
    const config = readModelConfig(place);
    rmSync(place, { recursive: true });
    const held = () => {
      collect();
      return process.memoryUsage().arrayBuffers;
    };
    const start = held();
    let peak = 0;
    let read = 0;
    const source = {
      read: ({ shape }: { readonly shape: readonly number[] }) => {
        peak = Math.max(peak, held() - start);
        const values = new Float32Array(shape.reduce((product, extent) => product * extent, 1)).fill(0.5);
        read += values.byteLength;
        return values;
      },
      close: () => undefined,
    };
    const weights = FrozenWeights.load(config, source, 'nf4');
    expect(read).toBeGreaterThan(18e6);
    expect(peak).toBeLessThan(read / 5);
    weights.dispose();
  });
});

describe('a damaged model folder', () => {
  it.each([
    [
      'an unsupported architecture',
      { model_type: 'mamba' },
      /"mamba" is not supported; supported are llama, qwen2/,
    ],
    ['an unsupported rope', { rope_scaling: { rope_type: 'longrope' } }, /"longrope" is not supported.*yarn/],
    ['an unsupported activation', { hidden_act: 'relu' }, /"relu" is not supported.*silu/],
    ['a size that is no number', { hidden_size: 'big' }, /"hidden_size" must be a number, but is "big"/],
    ['heads that do not divide', { num_key_value_heads: 3 }, /"num_key_value_heads" must be a divisor of 4/],
    [
      'quantized weights',
      { quantization_config: { bits: 4 } },
      /already quantized weights are not supported/,
    ],
  ])('is refused with its reason: %s', (_what, overrides, message) => {
    const place = tinyModelFolder('llama', overrides);
    expect(() => loadModel(place)).toThrow(UserError);
    expect(() => loadModel(place)).toThrow(message);
    rmSync(place, { recursive: true });
  });

  it('names a missing and a misshapen tensor', () => {
    const place = tinyModelFolder();
    const name = 'model.embed_tokens.weight';
    const only = (shape: number[]) => {
      const data = new Float32Array(shape.reduce((product, extent) => product * extent, 1));
      writeSafetensors(join(place, 'model.safetensors'), [{ name, shape, type: 'F32', data }]);
    };
    only([60, 32]);
    expect(() => loadModel(place)).toThrow(/tensor "model\.layers\.0\.input_layernorm\.weight" is missing/);
    only([59, 32]);
    expect(() => loadModel(place)).toThrow(
      /"model\.embed_tokens\.weight" has shape \[59, 32\].*asks for \[60, 32\]/,
    );
    rmSync(place, { recursive: true });
  });
});
