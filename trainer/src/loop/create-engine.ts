import { fileURLToPath } from 'node:url';
import type { TrainerConfig } from '@tuneyard/proto';
import { createAdapter } from '../adapter/index.js';
import { Tokenizer } from '../data/index.js';
import { UserError } from '../errors.js';
import { selectBackend } from '../tensor/index.js';
import { assertFitsHeap, HeapMeter } from '../memory/index.js';
import { readModelConfig } from '../model/index.js';
import type { Engine } from './engine.js';
import { TensorEngine } from './tensor-engine.js';

export interface EngineRequest {
  readonly config: TrainerConfig;
  /** Hugging Face folder of the base model; default: the one that `config.model.source` (file://) names. */
  readonly modelFolder?: string;
  /** Seeds fresh adapter parameters; the same on every worker. */
  readonly seed: number;
  /** Tokens of the longest row that will be trained: what cannot fit is then refused before the weights are read. */
  readonly longestRow?: number;
  /** Measure the memory of every gradient, where the backend can. */
  readonly measureMemory?: boolean;
}

/**
 * Loads the model of a job, puts a fresh adapter on it and makes it ready to train.
 * @throws UserError when the configuration, the folder or a file in it cannot be used, or the model is too large.
 * @throws ResourceError when the micro-batch is too large for the backend.
 */
export async function createEngine(request: EngineRequest): Promise<Engine> {
  const { config, modelFolder, seed, longestRow } = request;
  const { method, training } = config;
  if (!method) throw new UserError('method is missing.');
  if (!training) throw new UserError('training is missing.');
  const { name, reason } = await selectBackend({ force: process.env['TUNEYARD_BACKEND'] });
  const folder = modelFolder ?? fileURLToPath(config.model?.source ?? '');
  if (name === 'wasm' && longestRow !== undefined)
    assertFitsHeap({ model: readModelConfig(folder), method, training, length: longestRow });
  const origin = config.model?.fromScratch ? 'scratch' : 'folder';
  const tokenize = (text: string) => Tokenizer.load(folder).encode(text);
  const meter = request.measureMemory ? HeapMeter.attach() : undefined;
  const create = () => createAdapter({ method, modelFolder: folder, origin, seed, tokenize });
  const adapted = meter ? meter.during('weights', create) : create();
  return new TensorEngine(adapted, {
    backend: `${name} (${[reason, ...precisionNotes(training.precision)].join('; ')})`,
    gradientCheckpointing: training.gradientCheckpointing,
    seed,
    origin,
    meter,
    optimizer: {
      beta1: training.beta1,
      beta2: training.beta2,
      epsilon: training.epsilon,
      weightDecay: training.weightDecay,
    },
  });
}

/** Every backend computes in float32: what was asked for and is not done is said. */
function precisionNotes(precision: string): string[] {
  return precision === 'bf16' ? ['computes in fp32 where bf16 was asked for'] : [];
}
