import { z } from 'zod';
import { loraPatternFault, loraRules } from './lora-rules.js';
import {
  choice,
  documented,
  flag,
  fraction,
  integer,
  list,
  secretRef,
  text,
  uri,
  valueMap,
} from './schema.js';

/** The ways to tune a model; `auto` lets the controller choose. */
export const METHOD_TYPES = ['auto', 'lora', 'qlora', 'ptuning', 'ptuning-v2', 'prompt', 'full'] as const;

const lora = documented(
  'Low-rank adaptation: y = W x + (alpha / rank) B A x with W frozen. Used by lora and qlora.',
  {
    rank: integer(
      'Rank of A and B. Default by goal: 16 for auto, 8 for style and task, 32 for knowledge, 64 for reasoning.',
      1,
      1024,
    ).optional(),
    alpha: fraction(
      'Scale of the update: it is multiplied by alpha / rank. Default 2 x rank.',
      0.000001,
      65536,
    ).optional(),
    dropout: fraction(
      'Dropout on the input of the adapter branch while training. Default 0.',
      0,
      0.99,
    ).optional(),
    targetModules: list(
      'Suffixes of the names of the linear layers to adapt; or one regular expression (of Python) alone, which the whole name must match; or all-linear alone (the default): every linear layer but the output head.',
      text('A module name suffix, such as q_proj, or a pattern.', 512),
      64,
    ).optional(),
    excludeModules: list(
      'Layers that are not adapted although targetModules names them: suffixes, or one regular expression alone. Default none.',
      text('A module name suffix, such as down_proj, or a pattern.', 512),
      64,
    ).optional(),
    layersToTransform: list(
      'Indices of the blocks to adapt, from 0. Default all. Not beside a regular expression in targetModules.',
      integer('Index of a block.', 0, 1023),
      256,
    ).optional(),
    layersPattern: list(
      'Names of the list of blocks, such as layers or h, where a name holds several indices. Needs layersToTransform.',
      text('Name of a list of blocks, or a pattern.', 128),
      8,
    ).optional(),
    modulesToSave: list(
      'Modules that are trained whole beside the adapter and stored with it, by the ends of their names: embed_tokens, lm_head, norm. Embedding and head of a model that ties them are trained apart. Default none.',
      text('End of a module name.', 128),
      16,
    ).optional(),
    rankPattern: valueMap(
      'Regular expression of layer names to the rank of these layers, where it differs from rank. No layer may match two that differ.',
      z.int().min(1).max(1024),
      64,
    ).optional(),
    alphaPattern: valueMap(
      'Regular expression of layer names to the alpha of these layers, where it differs from alpha. No layer may match two that differ.',
      z.number().min(0.000001).max(65536),
      64,
    ).optional(),
    variant: choice(
      'standard; rslora scales by alpha / sqrt(rank), better for high ranks; dora is standard with dora: true. Default standard.',
      ['standard', 'rslora', 'dora'],
    ).optional(),
    dora: flag(
      'Also learn the magnitude of each output row (DoRA), beside variant standard or rslora. Default false.',
    ).optional(),
    init: choice(
      'How A starts (B starts at zero): kaiming (default), gaussian, or adapter to continue from initFrom.',
      ['kaiming', 'gaussian', 'adapter'],
    ).optional(),
    initFrom: uri('Folder of the adapter to continue from, when init is adapter.').optional(),
    initFromSecretRef: secretRef('Credentials for initFrom.').optional(),
    loraPlusRatio: fraction(
      'Learning rate of B as a multiple of that of A (LoRA+). Default 1, which is off.',
      1,
      64,
    ).optional(),
  },
  [
    ...loraRules,
    {
      rule: "!has(self.initFrom) || (has(self.init) && self.init == 'adapter')",
      message: 'initFrom needs init: adapter',
      holds: (value) => value.initFrom === undefined || value.init === 'adapter',
      field: 'initFrom',
    },
    {
      rule: "!has(self.init) || self.init != 'adapter' || has(self.initFrom)",
      message: 'init: adapter needs initFrom, the folder of the adapter to continue from',
      holds: (value) => value.init !== 'adapter' || value.initFrom !== undefined,
      field: 'init',
    },
  ],
  loraPatternFault,
);

const virtualTokens = integer('Number of virtual tokens in front of the input. Default 20.', 1, 2048);

const ptuning = documented('P-Tuning: virtual token embeddings made by a small encoder.', {
  virtualTokens: virtualTokens.optional(),
  encoder: choice('Network that makes the embeddings. Default mlp.', ['mlp', 'lstm']).optional(),
  hiddenSize: integer(
    "Hidden size of the encoder; 0 (default) is the model's hidden size.",
    0,
    65536,
  ).optional(),
  encoderLayers: integer('Layers of the LSTM encoder. Default 2.', 1, 8).optional(),
  encoderDropout: fraction('Dropout between the layers of the LSTM encoder. Default 0.', 0, 0.99).optional(),
});

const prefix = documented(
  'P-Tuning v2 (prefix tuning): learned keys and values in front of every layer. Used by ptuning-v2.',
  {
    virtualTokens: virtualTokens.optional(),
    projection: flag(
      'Make the prefix by a two-layer network instead of learning it directly. Default false.',
    ).optional(),
    hiddenSize: integer(
      "Hidden size of that network; 0 (default) is the model's key-value size.",
      0,
      65536,
    ).optional(),
  },
);

const prompt = documented('Prompt tuning: learned embeddings in front of the input.', {
  virtualTokens: virtualTokens.optional(),
  init: choice('random, embeddings of random words of the vocabulary (default), or of initText.', [
    'random',
    'vocabulary',
    'text',
  ]).optional(),
  initText: text('Text whose token embeddings start the prompt, when init is text.', 4096).optional(),
});

type Block = 'lora' | 'ptuning' | 'prefix' | 'prompt';

const BLOCK_TYPES: Record<Block, readonly string[]> = {
  lora: ['auto', 'lora', 'qlora'],
  ptuning: ['ptuning'],
  prefix: ['ptuning-v2'],
  prompt: ['prompt'],
};

const blockRule = (block: Block) => {
  const allowed = BLOCK_TYPES[block];
  return {
    rule: `!has(self.${block}) || (has(self.type) ? self.type : 'auto') in [${allowed.map((type) => `'${type}'`).join(', ')}]`,
    message: `method.${block} is only for type ${allowed.join(', ')}: remove the block or change the type`,
    holds: (value: { readonly type?: string | undefined } & Partial<Record<Block, unknown>>) =>
      value[block] === undefined || allowed.includes(value.type ?? 'auto'),
    field: block,
  };
};

/** How the model is tuned. At most one block, the one of the type; omitted fields are filled in. */
export const methodSchema = documented(
  'How the model is tuned: a type, and optionally its one block. Omitted fields are filled in and shown in status.resolved.',
  {
    type: choice('Method. auto (default) chooses one.', METHOD_TYPES).optional(),
    lora: lora.optional(),
    ptuning: ptuning.optional(),
    prefix: prefix.optional(),
    prompt: prompt.optional(),
  },
  [blockRule('lora'), blockRule('ptuning'), blockRule('prefix'), blockRule('prompt')],
);

export type Method = z.output<typeof methodSchema>;
export type MethodType = (typeof METHOD_TYPES)[number];
