import { rmSync } from 'node:fs';
import type { LoraConfig } from '@tuneyard/proto';
import { MethodType } from '@tuneyard/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../tensor/index.js';
import { createAdapter } from './create-adapter.js';
import { loraMethod, tinyModelFolder } from './testing/tiny-models.js';

const folder = tinyModelFolder();
const gpt2 = tinyModelFolder('gpt2');
beforeAll(() => selectBackend({ force: 'wasm' }));
afterAll(() => {
  for (const each of [folder, gpt2]) rmSync(each, { recursive: true });
});

function shapes(overrides: Partial<LoraConfig>, type?: MethodType, modelFolder = folder): string[] {
  const method = loraMethod({ targetModules: ['q_proj', 'down_proj'], ...overrides }, type);
  const { adapter, model } = createAdapter({ method, modelFolder, seed: 1 });
  const found = adapter.parameters.slots
    .filter(({ name }) => !name.includes('lora_B'))
    .map(({ name, shape }) => `${name.replace('.lora_A.weight', '')} ${shape.join('x')}`);
  adapter.dispose();
  model.dispose();
  return found;
}

describe('the layers that a job adapts', () => {
  it('follow patterns of ranks, blocks and exclusions', () => {
    expect(shapes({ rankPattern: { 'layers.1.*q_proj': 2 }, excludeModules: ['0.mlp.down_proj'] })).toEqual([
      'model.layers.0.self_attn.q_proj 4x32',
      'model.layers.1.self_attn.q_proj 2x32',
      'model.layers.1.mlp.down_proj 4x48',
    ]);
    expect(shapes({ layersToTransform: [1], layersPattern: ['layers'] })).toEqual([
      'model.layers.1.self_attn.q_proj 4x32',
      'model.layers.1.mlp.down_proj 4x48',
    ]);
    expect(shapes({ targetModules: [String.raw`.*\.1\.self_attn\.(q|o)_proj`] })).toEqual([
      'model.layers.1.self_attn.q_proj 4x32',
      'model.layers.1.self_attn.o_proj 4x32',
    ]);
    expect(shapes({ targetModules: ['c_attn'], layersToTransform: [1] }, undefined, gpt2)).toEqual([
      'transformer.h.1.attn.c_attn 4x32',
    ]);
  });

  it('stand beside modules that are trained whole', () => {
    expect(
      shapes({ targetModules: ['all-linear'], layersToTransform: [0], modulesToSave: ['mlp', 'lm_head'] }),
    ).toEqual(
      expect.arrayContaining([
        'model.layers.0.self_attn.q_proj 4x32',
        'model.layers.1.mlp.up_proj.weight 48x32',
        'lm_head.weight 60x32',
      ]),
    );
    expect(shapes({ targetModules: ['c_attn'], modulesToSave: ['lm_head'] }, undefined, gpt2)).toContain(
      'lm_head.weight 60x32',
    );
  });

  it.each<[string, Partial<LoraConfig>, RegExp]>([
    [
      'a block that is not there',
      { layersToTransform: [2] },
      /layersToTransform: no layer of targetModules is in block 2/,
    ],
    [
      'one block of several that is not there',
      { layersToTransform: [0, 2] },
      /layersToTransform: 2 is no block of this model, whose blocks are 0 to 1/,
    ],
    ['a pattern of no layer', { rankPattern: { o_proj: 2 } }, /rankPattern: "o_proj" matches no layer/],
    [
      'two patterns of a layer',
      { alphaPattern: { q_proj: 2, '.*0.*': 3 } },
      /alphaPattern: both "q_proj" and "\.\*0\.\*" match model\.layers\.0\.self_attn\.q_proj/,
    ],
    [
      'an exclusion of nothing',
      { excludeModules: ['c_attn'] },
      /excludeModules: "c_attn" is the end of the name of no module/,
    ],
    ['an exclusion of everything', { excludeModules: ['.*proj'] }, /excludeModules leaves no layer/],
    [
      'a module that is not there',
      { modulesToSave: ['wte'] },
      /modulesToSave: "wte" is no module with weights/,
    ],
    [
      'a layer adapted and trained whole',
      { modulesToSave: ['n_proj'] },
      /modulesToSave trains .*down_proj whole, which targetModules adapts/,
    ],
    [
      'the head as a target',
      { targetModules: ['.*(q_proj|lm_head)'] },
      /also matches lm_head, .*modulesToSave/,
    ],
    [
      'whole blocks as targets',
      { targetModules: ['.*self_attn.*'] },
      /also matches model\.layers\.0\.self_attn,/,
    ],
    [
      'a module without weights as a target',
      { targetModules: [String.raw`.*mlp\..*`] },
      /also matches model\.layers\.0\.mlp\.act_fn/,
    ],
    [
      'a broken pattern',
      { targetModules: ['.*(q_proj'] },
      /targetModules: ".*" is not a regular expression of Python: missing \)/,
    ],
    ['a catastrophic pattern', { targetModules: ['((([a-z._0-9]+)+)+)+!'] }, /takes too many steps/],
    ['a pattern among names', { targetModules: ['.*q_proj', 'v_proj'] }, /must be the only entry/],
    [
      'blocks beside a pattern',
      { targetModules: ['.*q_proj'], layersToTransform: [0] },
      /write the blocks into the expression/,
    ],
    [
      'a name of a list without blocks',
      { layersPattern: ['layers'] },
      /layersPattern needs layersToTransform/,
    ],
  ])('are refused by field: %s', (_what, overrides, message) => {
    expect(() => shapes(overrides)).toThrow(message);
  });

  it('are no packed ones where they are trained whole', () => {
    expect(() => shapes({ modulesToSave: ['up_proj'] }, MethodType.METHOD_TYPE_QLORA)).toThrow(
      /qlora keeps in 4 bits/,
    );
    expect(shapes({ modulesToSave: ['norm'] }, MethodType.METHOD_TYPE_QLORA)).toContain(
      'model.norm.weight 32',
    );
  });
});
