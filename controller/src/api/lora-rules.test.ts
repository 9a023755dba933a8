import { describe, expect, it } from 'vitest';
import { methodSchema } from './method.js';
import { resolveMethod } from './resolve-method.js';
import { Filler } from './filler.js';

const issues = (lora: object) => {
  const result = methodSchema.safeParse({ type: 'lora', lora });
  return result.success
    ? []
    : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
};

describe('the fields of a LoRA that choose layers', () => {
  it.each([
    { targetModules: ['.*(q|v)_proj'], rankPattern: { 'layers.0.*': 8 }, alphaPattern: { v_proj: 0.5 } },
    { layersToTransform: [0, 5], layersPattern: ['layers'], excludeModules: ['down_proj'] },
    { modulesToSave: ['embed_tokens', 'lm_head'], variant: 'rslora', dora: true },
    { variant: 'dora', dora: true },
  ])('are taken as PEFT takes them: %j', (lora) => {
    expect(issues(lora)).toEqual([]);
  });

  it.each([
    [
      { targetModules: ['.*q', 'v_proj'] },
      'lora.targetModules: targetModules holds a regular expression beside other',
    ],
    [
      { excludeModules: ['v_proj', '.*q'] },
      'lora.excludeModules: excludeModules holds a regular expression beside',
    ],
    [
      { targetModules: ['all-linear', 'q_proj'] },
      'lora.targetModules: targetModules: all-linear stands alone',
    ],
    [{ targetModules: [] }, 'lora.targetModules: targetModules is empty'],
    [{ targetModules: ['(q'] }, 'lora.targetModules: "(q" is not a regular expression of Python: missing )'],
    [
      { rankPattern: { '*': 3 } },
      'lora.rankPattern: "*" is not a regular expression of Python: nothing to repeat',
    ],
    [{ rankPattern: { '': 3 } }, 'lora.rankPattern: rankPattern has an empty pattern'],
    [{ rankPattern: { q_proj: 0 } }, 'lora.rankPattern.q_proj: '],
    [{ alphaPattern: { q_proj: 0 } }, 'lora.alphaPattern.q_proj: '],
    [{ layersPattern: ['h'] }, 'lora.layersPattern: layersPattern needs layersToTransform'],
    [
      { layersToTransform: [1], targetModules: ['.*q'] },
      'lora.layersToTransform: layersToTransform cannot stand beside',
    ],
    [{ layersToTransform: [-1] }, 'lora.layersToTransform.0: '],
    [{ modulesToSave: ['lm_*'] }, 'lora.modulesToSave: modulesToSave holds something that is no module name'],
    [{ variant: 'dora', dora: false }, 'lora.dora: dora: false contradicts variant: dora'],
  ])('are refused in one sentence: %j', (lora, beginning) => {
    expect(issues(lora)).toContainEqual(expect.stringContaining(beginning));
  });

  it('reach the resolved method, with variant: dora as dora: true', () => {
    const resolved = resolveMethod({ type: 'lora', lora: { variant: 'dora' } }, 'auto', new Filler());
    expect(resolved).toMatchObject({ lora: { dora: true, rankPattern: {}, modulesToSave: [] } });
  });
});
