import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readModelConfig, type ModelConfig } from './model-config.js';
import { ropeFrequencies } from './rope.js';
import { tensorSpecs } from './layout.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(fields: Readonly<Record<string, unknown>>): ModelConfig {
  writeFileSync(join(folder, 'config.json'), JSON.stringify(fields));
  return readModelConfig(folder);
}

const base = {
  model_type: 'llama',
  vocab_size: 100,
  hidden_size: 64,
  intermediate_size: 96,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  max_position_embeddings: 4096,
};

describe('readModelConfig', () => {
  it('reads the old and the new spelling of rope alike', () => {
    const llama3 = {
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 64,
    };
    const old = read({ ...base, rope_theta: 500_000, rope_scaling: { ...llama3, rope_type: 'llama3' } });
    const fresh = read({ ...base, rope_parameters: { ...llama3, rope_theta: 500_000, rope_type: 'llama3' } });
    expect(fresh.rope).toEqual(old.rope);
    expect(read({ ...base, rope_scaling: { type: 'linear', factor: 2 } }).rope).toEqual({
      type: 'linear',
      theta: 10_000,
      factor: 2,
    });
    expect(read({ ...base, rope_scaling: null }).rope).toEqual({ type: 'default', theta: 10_000 });
  });

  it('fills in what config.json leaves out', () => {
    const config = read(base);
    expect(config).toMatchObject({
      keyValueHeads: 4,
      headDim: 16,
      tiedHead: false,
      normEpsilon: 1e-6,
      activation: 'silu',
    });
    expect(config.attentionScale).toBe(0.25);
    expect(read({ ...base, head_dim: null }).headDim).toBe(16);
  });

  it('puts sliding windows on the layers that have them', () => {
    const windows = (fields: object) => read({ ...base, sliding_window: 7, ...fields }).windows;
    expect(windows({ model_type: 'mistral' })).toEqual([7, 7, 7, 7]);
    expect(windows({ model_type: 'mistral', sliding_window: null })).toEqual([0, 0, 0, 0]);
    expect(windows({ model_type: 'gemma2' })).toEqual([7, 0, 7, 0]);
    expect(windows({ model_type: 'qwen2' })).toEqual([0, 0, 0, 0]);
    expect(windows({ model_type: 'qwen2', use_sliding_window: true, max_window_layers: 3 })).toEqual([
      0, 0, 0, 7,
    ]);
    const types = ['sliding_attention', 'full_attention', 'full_attention', 'sliding_attention'];
    expect(windows({ model_type: 'qwen3', use_sliding_window: true, layer_types: types })).toEqual([
      7, 0, 0, 7,
    ]);
  });

  it('knows the biases, norms and heads of every architecture', () => {
    const names = (fields: object) => tensorSpecs(read({ ...base, ...fields })).map(({ name }) => name);
    expect(names({ tie_word_embeddings: true })).not.toContain('lm_head.weight');
    expect(names({})).toContain('lm_head.weight');
    const qwen2 = names({ model_type: 'qwen2' });
    expect(qwen2).toContain('model.layers.3.self_attn.k_proj.bias');
    expect(qwen2).not.toContain('model.layers.3.self_attn.o_proj.bias');
    expect(names({ model_type: 'qwen3' })).toContain('model.layers.0.self_attn.q_norm.weight');
    expect(names({ model_type: 'gemma2' })).toContain('model.layers.0.post_feedforward_layernorm.weight');
    const gpt2 = names({ model_type: 'gpt2', n_embd: 64, n_layer: 1, n_head: 4 });
    expect(gpt2).toContain('transformer.h.0.attn.c_attn.bias');
    expect(gpt2.slice(0, 2)).toEqual(['transformer.wte.weight', 'transformer.wpe.weight']);
  });
});

describe('ropeFrequencies', () => {
  const theta = 10_000;

  it('slows every frequency down under linear scaling and only long waves under llama3', () => {
    const plain = ropeFrequencies({ type: 'default', theta }, 32, 1).inverse;
    const linear = ropeFrequencies({ type: 'linear', theta, factor: 4 }, 32, 1).inverse;
    for (const [pair, frequency] of plain.entries()) expect(linear[pair]).toBeCloseTo(frequency / 4, 7);
    const scaled = { factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalMaxPositions: 64 };
    const llama3 = ropeFrequencies({ type: 'llama3', theta, ...scaled }, 32, 1).inverse;
    expect(llama3[0]).toBe(plain[0]);
    expect(llama3[15]).toBeCloseTo((plain[15] ?? 0) / 8, 8);
  });

  it('stretches dynamic scaling only past the trained length', () => {
    const rope = { type: 'dynamic', theta, factor: 2, maxPositions: 64 } as const;
    const plain = ropeFrequencies({ type: 'default', theta }, 32, 1).inverse;
    expect(ropeFrequencies(rope, 32, 64).inverse).toEqual(plain);
    expect(ropeFrequencies(rope, 32, 128).inverse[15]).toBeLessThan(plain[15] ?? 0);
  });

  it('refuses by name what it does not know and what may change the mathematics', () => {
    const { llama } = {
      llama: {
        model_type: 'llama',
        vocab_size: 8,
        hidden_size: 8,
        intermediate_size: 8,
        num_hidden_layers: 1,
        num_attention_heads: 2,
      },
    };
    expect(
      read({ ...llama, logit_scale: 0, residual_multiplier: null, transformers_version: '4.50.0' }).layers,
    ).toBe(1);
    for (const [field, value] of [
      ['logits_scaling', 8],
      ['embedding_multiplier', 12],
      ['final_logit_softcapping', 30],
      ['clip_qkv', 8],
      ['use_qk_norm', true],
    ] as const)
      expect(() => read({ ...llama, [field]: value })).toThrow(`field "${field}" is ${value}, which`);
    expect(() =>
      read({ ...llama, rope_scaling: { rope_type: 'linear', factor: 2, short_factor: [1] } }),
    ).toThrow('field "rope_scaling.short_factor"');
  });

  it('refuses sizes that no model has, before anything is made of them', () => {
    const llama = {
      model_type: 'llama',
      vocab_size: 8,
      hidden_size: 8,
      intermediate_size: 8,
      num_attention_heads: 2,
    };
    expect(() => read({ ...llama, num_hidden_layers: 1e8 })).toThrow(
      'field "num_hidden_layers" is 100000000; at most 4096 are supported.',
    );
  });
});
