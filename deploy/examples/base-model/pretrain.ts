/**
 * Makes the base model of the examples: writes the corpus, trains the tokenizer, and pre-trains the model from random
 * weights with the trainer itself, on as many processes as the machine has cores.
 *
 *   npm run build && npx tsc -b deploy/examples
 *   node deploy/examples/dist/base-model/pretrain.js [FOLDER]
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeStartingPoint } from './starting-point.js';

const REPOSITORY = fileURLToPath(new URL('../../../../', import.meta.url));
const HERE = join(REPOSITORY, 'deploy/examples/base-model');
const WORK = join(REPOSITORY, '.cache/pretrain');

/** What a Hugging Face folder needs; the rest of the result stays in the working folder. */
const FILES = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'model.safetensors',
];

/** About 2 million tokens, three times through the corpus. */
const SETTINGS = {
  'dataset.maxLength': 128,
  'dataset.packing': true,
  'dataset.split': { train: 0.99, validation: 0.01, test: 0, seed: 1 },
  'training.steps': 1600,
  // 10 packed rows of 128 tokens.
  'training.batchSize': 10,
  'training.microBatchSize': 5,
  'training.learningRate': 0.003,
  'training.scheduler': 'cosine',
  'training.warmupRatio': 0.125,
  'training.weightDecay': 0.1,
  'training.beta2': 0.99,
  'training.evalEverySteps': 200,
  'training.seed': 1,
};

const target = resolve(process.argv[2] ?? HERE);
rmSync(WORK, { recursive: true, force: true });
const { model, corpus } = writeStartingPoint(WORK);
const result = join(WORK, 'result');
const options = {
  model,
  data: corpus,
  method: 'full',
  workers: String(Math.min(2, availableParallelism())),
  out: result,
};
const { status } = spawnSync(
  join(REPOSITORY, 'node_modules/.bin/tuneyard'),
  [
    'train',
    '--from-scratch',
    ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
    ...Object.entries(SETTINGS).flatMap(([path, value]) => ['--set', `${path}=${JSON.stringify(value)}`]),
  ],
  { stdio: 'inherit' },
);
if (status !== 0) process.exit(status ?? 1);
mkdirSync(target, { recursive: true });
for (const file of FILES) cpSync(join(result, file), join(target, file));
console.log(`the base model is in ${target}`);
