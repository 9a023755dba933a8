import { outerNames, tensorSpecs } from './layout.js';
import type { ModelConfig } from './model-config.js';

/** Parameters in no file and modules without any, which transformers has in each model beside those with tensors. */
const WITHOUT_TENSORS = {
  gpt2: {
    outer: ['transformer.drop'],
    block: ['attn.attn_dropout', 'attn.resid_dropout', 'mlp.act', 'mlp.dropout'],
  },
  llama: { outer: ['model.rotary_emb'], block: ['mlp.act_fn'] },
};

/**
 * Names of all modules that transformers makes of the model, blocks and their parts included, without the root. A tied
 * head is a module of its own.
 */
export function moduleNames(config: ModelConfig): ReadonlySet<string> {
  const gpt2 = config.architecture === 'gpt2';
  const { outer, block } = WITHOUT_TENSORS[gpt2 ? 'gpt2' : 'llama'];
  const list = gpt2 ? 'transformer.h' : 'model.layers';
  const names = new Set<string>(['lm_head', ...outer]);
  for (const { name } of tensorSpecs(config)) {
    const parts = name.split('.');
    for (let length = 1; length < parts.length; length++) names.add(parts.slice(0, length).join('.'));
  }
  for (let layer = 0; layer < config.layers; layer++)
    for (const part of block) names.add(`${list}.${layer}.${part}`);
  return names;
}

/** The head's own name, which a tied model has no tensor for. */
export const HEAD = 'lm_head.weight';

/** The tensor that holds the first values of a name: the embedding's for a tied head. */
export function storedName(config: ModelConfig, name: string): string {
  return name === HEAD ? outerNames(config).head : name;
}
