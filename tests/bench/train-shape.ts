import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** The fields of a Llama's config.json that the bench needs. */
export interface ShapeConfig {
  readonly hidden_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly intermediate_size: number;
  readonly vocab_size: number;
  readonly max_position_embeddings: number;
  readonly [field: string]: unknown;
}

const LLAMA = {
  model_type: 'llama',
  architectures: ['LlamaForCausalLM'],
  tie_word_embeddings: true,
  max_position_embeddings: 2048,
  rms_norm_eps: 1e-5,
  rope_theta: 10_000,
  initializer_range: 0.02,
};

const SHAPES: Readonly<Record<string, ShapeConfig>> = {
  s15m: {
    ...LLAMA,
    hidden_size: 288,
    num_hidden_layers: 6,
    num_attention_heads: 6,
    num_key_value_heads: 6,
    intermediate_size: 768,
    vocab_size: 32_000,
  },
  m512: {
    ...LLAMA,
    hidden_size: 512,
    num_hidden_layers: 8,
    num_attention_heads: 8,
    num_key_value_heads: 4,
    intermediate_size: 1376,
    vocab_size: 8192,
  },
};

/** A shape by name, or the config.json of a Llama-like model by its path. */
export function readShape(name: string): ShapeConfig {
  const known = SHAPES[name];
  if (known !== undefined) return known;
  const file = statSync(name, { throwIfNoEntry: false })?.isDirectory()
    ? path.join(name, 'config.json')
    : name;
  const config: ShapeConfig = JSON.parse(readFileSync(file, 'utf8'));
  return config;
}

/** A new folder with the configuration alone: both trainers fill it with random weights. */
export function shapeFolder(config: ShapeConfig): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'tuneyard-bench-'));
  writeFileSync(path.join(folder, 'config.json'), JSON.stringify(config));
  return folder;
}

export interface Work {
  readonly batch: number;
  readonly length: number;
  readonly rank: number;
  readonly method: string;
}

/**
 * Floating-point operations of one step: two a multiply-add; forward, gradient by the activations, and by the weights
 * that the method trains. Attention is counted in full although half of it is masked away. Dequantizing and
 * recomputation count nothing, so that a method's figure shows what they cost.
 */
export function stepFlops(c: ShapeConfig, { batch, length, rank, method }: Work): number {
  const kv = (c.hidden_size / c.num_attention_heads) * c.num_key_value_heads;
  const [d, f] = [c.hidden_size, c.intermediate_size];
  const weights = 2 * d * d + 2 * d * kv + 3 * d * f;
  const factors = rank * (4 * d + 2 * (d + kv) + 3 * (d + f));
  const head = d * c.vocab_size;
  const passes = method === 'full' ? 3 : 2;
  const low = ['lora', 'qlora', 'dora'].includes(method) ? 3 * factors : 0;
  const attention = 3.5 * 2 * length * d;
  return 2 * batch * length * (c.num_hidden_layers * (passes * weights + low + attention) + passes * head);
}
