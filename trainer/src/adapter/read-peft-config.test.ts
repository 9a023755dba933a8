import { describe, expect, it } from 'vitest';
import { rmSync } from 'node:fs';
import { readModelConfig } from '../model/index.js';
import { JsonFields } from '../support/index.js';
import { readPeftConfig } from './read-peft-config.js';
import { tinyModelFolder } from './testing/tiny-models.js';

const folder = tinyModelFolder();
const model = readModelConfig(folder);
rmSync(folder, { recursive: true });

const read = (fields: object) => readPeftConfig(new JsonFields({ ...fields }, 'adapter_config.json'), model);
const lora = (fields: object) =>
  read({ peft_type: 'LORA', r: 4, lora_alpha: 8, target_modules: ['q_proj'], ...fields });

describe('readPeftConfig of a LoRA', () => {
  it.each(['pissa', 'pissa_niter_16', 'olora', 'corda', 'loftq', 'lora_ga', 'mica', 'new-start', 7])(
    'refuses init_lora_weights %s, which changes the base or the training',
    (start) => {
      expect(() => lora({ init_lora_weights: start })).toThrow(
        /adapter_config.json: field "init_lora_weights" must be true, false, gaussian, orthogonal or eva/,
      );
    },
  );

  it.each([true, false, null, 'gaussian', 'orthogonal', 'eva'])('takes init_lora_weights %s', (start) => {
    expect(lora({ init_lora_weights: start }).kind).toBe('lora');
  });

  it.each([
    ['alora_invocation_tokens', [1]],
    ['arrow_config', { top_k: 1 }],
    ['bias', 'all'],
    ['bias', 'lora_only'],
    ['corda_config', { corda_method: 'ipm' }],
    ['ensure_weight_tying', true],
    ['kasa_config', { beta: 1 }],
    ['layer_replication', [[0, 2]]],
    ['loftq_config', { loftq_bits: 4 }],
    ['lora_bias', true],
    ['lora_ga_config', { direction: 'x' }],
    ['megatron_config', { a: 1 }],
    ['monteclora_config', { a: 1 }],
    ['target_parameters', ['experts.gate']],
    ['task_type', 'SEQ_CLS'],
    ['trainable_token_indices', [3]],
    ['use_bdlora', { a: 1 }],
    ['use_qalora', true],
    ['velora_config', { a: 1 }],
    ['field_of_the_future', 'x'],
    ['constructor', 'x'],
    ['rank_pattern', { q_proj: 0 }],
    ['rank_pattern', { '(q_proj': 2 }],
    ['alpha_pattern', { q_proj: 'x' }],
    ['target_modules', '(q_proj'],
    ['target_modules', ['q.*', 'v_proj']],
    ['exclude_modules', '*'],
    ['layers_to_transform', [-1]],
    ['layers_to_transform', 1.5],
    ['layers_pattern', '('],
    ['modules_to_save', 'lm_head'],
    ['use_dora', 'yes'],
    ['lora_alpha', 0],
  ])('refuses %s %j by name', (name, value) => {
    expect(() => lora({ [name]: value })).toThrow(new RegExp(`adapter_config.json: field "${name}" must be`));
  });

  it('passes over what has no effect and unknown fields that are empty', () => {
    const inert = {
      auto_mapping: { base_model_class: 'X' },
      eva_config: { rho: 2 },
      fan_in_fan_out: true,
      megatron_core: 'megatron.core',
      merge_weights: false,
      enable_lora: null,
      qalora_group_size: 32,
      revision: 'main',
      something_new: {},
    };
    expect(lora(inert)).toEqual(lora({}));
  });

  it('reads patterns, layers and modules as PEFT means them', () => {
    const peft = lora({
      target_modules: ['q_proj', 'v_proj'],
      exclude_modules: '.*1.*',
      layers_to_transform: 0,
      layers_pattern: 'layers',
      modules_to_save: ['lm_head'],
      rank_pattern: { q_proj: 2 },
      alpha_pattern: { '.*v_proj': 1.5 },
      use_dora: true,
      use_rslora: true,
    });
    expect(peft).toEqual({
      kind: 'lora',
      options: {
        rank: 4,
        alpha: 8,
        dropout: 0,
        targetModules: ['q_proj', 'v_proj'],
        excludeModules: ['.*1.*'],
        layersToTransform: [0],
        layersPattern: ['layers'],
        modulesToSave: ['lm_head'],
        rankPattern: { q_proj: 2 },
        alphaPattern: { '.*v_proj': 1.5 },
        scaling: 'rslora',
        dora: true,
        init: 'kaiming',
        loraPlusRatio: 1,
      },
    });
  });
});

describe('readPeftConfig of virtual tokens', () => {
  it.each([
    ['PREFIX_TUNING', 'num_layers', 3],
    ['PREFIX_TUNING', 'num_attention_heads', 8],
    ['PREFIX_TUNING', 'token_dim', 33],
    ['PREFIX_TUNING', 'num_transformer_submodules', 2],
    ['PREFIX_TUNING', 'modules_to_save', ['lm_head']],
    ['PREFIX_TUNING', 'encoder_dropout', 0.1],
    ['P_TUNING', 'num_transformer_submodules', 2],
    ['P_TUNING', 'modules_to_save', ['lm_head']],
    ['PROMPT_TUNING', 'prompt_tuning_init', 'OTHER'],
    ['PROMPT_TUNING', 'task_type', 'SEQ_2_SEQ_LM'],
    ['PROMPT_TUNING', 'r', 4],
  ])('refuses %s with %s %j by name', (type, name, value) => {
    expect(() => read({ peft_type: type, num_virtual_tokens: 3, [name]: value })).toThrow(`field "${name}"`);
  });
});
