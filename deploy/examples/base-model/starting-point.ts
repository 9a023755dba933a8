import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonLines } from '../language/questions.js';
import { makeCorpus, makeWorld } from './make-corpus.js';
import { SPECIAL_TOKENS, trainTokenizer } from './train-tokenizer.js';

const VOCABULARY_SIZE = 1024;
const CONTEXT = 256;

/** Llama architecture with 0.87 million parameters; the trainer draws the first weights where the folder has none. */
const MODEL_CONFIG = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: VOCABULARY_SIZE,
  hidden_size: 128,
  intermediate_size: 352,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 32,
  max_position_embeddings: CONTEXT,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  rope_scaling: null,
  hidden_act: 'silu',
  attention_bias: false,
  mlp_bias: false,
  attention_dropout: 0,
  initializer_range: 0.02,
  tie_word_embeddings: true,
  bos_token_id: null,
  eos_token_id: 0,
  pad_token_id: 0,
  use_cache: true,
  torch_dtype: 'float32',
};

const TOKENIZER_CONFIG = {
  tokenizer_class: 'PreTrainedTokenizerFast',
  bos_token: null,
  eos_token: SPECIAL_TOKENS[0],
  pad_token: SPECIAL_TOKENS[0],
  unk_token: null,
  add_bos_token: false,
  clean_up_tokenization_spaces: false,
  model_max_length: CONTEXT,
  chat_template:
    "{% for message in messages %}{{ '<|' + message.role + '|>' + message.content + '<|end|>' }}{% endfor %}" +
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}",
};

export interface StartingPoint {
  /** Hugging Face folder without weights. */
  readonly model: string;
  /** JSON lines. */
  readonly corpus: string;
}

/** Writes what pre-training starts from: the corpus, the tokenizer trained on it, and the shape of the model. */
export function writeStartingPoint(folder: string): StartingPoint {
  const model = join(folder, 'model');
  const corpus = join(folder, 'corpus.jsonl');
  mkdirSync(model, { recursive: true });
  const rows = makeCorpus(makeWorld());
  const texts = rows.flatMap((row) => [row.instruction, row.input, row.output]);
  writeFileSync(corpus, jsonLines(rows));
  writeJson(join(model, 'tokenizer.json'), trainTokenizer(texts, VOCABULARY_SIZE));
  writeJson(join(model, 'tokenizer_config.json'), TOKENIZER_CONFIG);
  writeJson(join(model, 'config.json'), MODEL_CONFIG);
  writeJson(join(model, 'generation_config.json'), { eos_token_id: 0, pad_token_id: 0 });
  return { model, corpus };
}

function writeJson(path: string, value: object): void {
  writeFileSync(path, `${JSON.stringify(value, null, 1)}\n`);
}
