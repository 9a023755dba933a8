/** The sizes of a decoder that decide its memory. */
export interface ModelShape {
  readonly architecture: string;
  readonly vocabulary: number;
  readonly hidden: number;
  readonly intermediate: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
  /** Learned positions; 0 where positions are rotations. */
  readonly positions: number;
  /** The head is the embedding matrix. */
  readonly tiedHead: boolean;
}

/**
 * The shape that a Hugging Face config.json describes; undefined when a size is missing or no count. Which
 * architectures can be trained is the trainer's business.
 */
export function modelShapeOf(config: Readonly<Record<string, unknown>>): ModelShape | undefined {
  const gpt2 = config['model_type'] === 'gpt2';
  const count = (name: string, gpt2Name: string, fallback?: number) => {
    const value = config[gpt2 ? gpt2Name : name] ?? fallback;
    return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined;
  };
  const architecture = config['model_type'];
  const hidden = count('hidden_size', 'n_embd');
  const layers = count('num_hidden_layers', 'n_layer');
  const heads = count('num_attention_heads', 'n_head');
  const vocabulary = count('vocab_size', 'vocab_size');
  if (typeof architecture !== 'string' || !hidden || !layers || !heads || !vocabulary) return undefined;
  const intermediate = count('intermediate_size', 'n_inner', gpt2 ? 4 * hidden : undefined);
  const keyValueHeads = gpt2 ? heads : count('num_key_value_heads', '', heads);
  const headDim = gpt2
    ? hidden / heads
    : count('head_dim', '', architecture === 'qwen3' ? 128 : hidden / heads);
  const positions = gpt2 ? count('', 'n_positions', 1024) : 0;
  if (!intermediate || !keyValueHeads || !headDim || positions === undefined) return undefined;
  const tied = config['tie_word_embeddings'];
  const tiedHead = typeof tied === 'boolean' ? tied : gpt2 || architecture === 'gemma2';
  return {
    architecture,
    vocabulary,
    hidden,
    intermediate,
    layers,
    heads,
    keyValueHeads,
    headDim,
    positions,
    tiedHead,
  };
}

/** Logits are held for a chunk of rows at a time: FLOATS in all, or fewer rows where the vocabulary is small. */
const FLOATS = 1 << 24;
const SMALL_VOCABULARY = 2048;

/** The inputs of the rules that the model decides. */
export function modelInputs(model: ModelShape): Readonly<Record<string, number>> {
  const gpt2 = model.architecture === 'gpt2';
  return {
    vocabulary: model.vocabulary,
    hidden: model.hidden,
    intermediate: model.intermediate,
    layers: model.layers,
    queries: model.heads * model.headDim,
    keys: model.keyValueHeads * model.headDim,
    positions: model.positions,
    learnedPositions: gpt2 ? 1 : 0,
    tied: model.tiedHead ? 1 : 0,
    gated: gpt2 ? 0 : 1,
    biased: gpt2 || model.architecture === 'qwen2' ? 1 : 0,
    headNorms: model.architecture === 'qwen3' ? 1 : 0,
    sandwich: model.architecture === 'gemma2' ? 1 : 0,
    chunkRows: chunkRows(model.vocabulary),
  };
}

function chunkRows(vocabulary: number): number {
  if (vocabulary < SMALL_VOCABULARY) return Math.floor(2 ** 20 / vocabulary);
  return Math.max(128, Math.min(512, Math.floor(FLOATS / vocabulary)));
}
