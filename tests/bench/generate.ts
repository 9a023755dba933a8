// Speed of generation. Run after `npm run build`; --help tells how.
import { rmSync, writeFileSync } from 'node:fs';
import { MethodType, TrainerConfig } from '@tuneyard/proto';
import { createEngine, type Engine } from '@tuneyard/trainer/loop';
import { readShape, shapeFolder } from './train-shape.js';
import { readOptions } from '../support/read-options.js';
import { median } from '../support/quantile.js';

const USAGE = `node tests/dist/bench/generate.js [options]

Speed of greedy generation with the key-value cache, and that it writes what a full recompute writes.

  --shape NAME    s15m, m512 or a config.json; default s15m
  --batch LIST    sequences at once; default 1,8
  --prompt N      tokens of a prompt; default 64
  --new N         tokens that are made; default 64
  --rounds N      medians are printed; default 5
  --check N       tokens of each sequence that are made again from the whole text each time; default 8, 0 leaves it out
  --json FILE     also writes the figures there
`;

const values = readOptions(USAGE, {
  shape: { type: 'string', default: 's15m' },
  batch: { type: 'string', default: '1,8' },
  prompt: { type: 'string', default: '64' },
  new: { type: 'string', default: '64' },
  rounds: { type: 'string', default: '5' },
  check: { type: 'string', default: '8' },
  json: { type: 'string' },
});
const [promptTokens, newTokens, rounds, checked] = [
  values.prompt,
  values.new,
  values.rounds,
  values.check,
].map(Number) as [number, number, number, number];
const shape = readShape(values.shape);
const folder = shapeFolder(shape);

try {
  const engine = await createEngine({ config: loraConfig(), modelFolder: folder, seed: 1 });
  console.log(engine.backend);
  const rows = [];
  for (const batch of values.batch.split(',').map(Number)) rows.push(await measure(engine, batch));
  console.table(rows);
  if (values.json !== undefined)
    writeFileSync(
      values.json,
      `${JSON.stringify({ shape: values.shape, backend: engine.backend, promptTokens, newTokens, rows }, null, 2)}\n`,
    );
  engine.dispose();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measure(engine: Engine, batch: number) {
  const prompts = Array.from({ length: batch }, (_, row) =>
    Int32Array.from(
      { length: promptTokens },
      (__, at) => ((at + 1) * 7919 + row * 104_729) % shape.vocab_size,
    ),
  );
  await seconds(engine, prompts, 2);
  const [first, all]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    first.push(await seconds(engine, prompts, 1));
    all.push(await seconds(engine, prompts, newTokens));
  }
  const perSecond = all.map((time) => (batch * newTokens) / time);
  const steps = all.map((time, round) => (1000 * (time - (first[round] ?? 0))) / (newTokens - 1));
  return {
    batch,
    'tokens/s': Math.round(median(perSecond)),
    min: Math.round(Math.min(...perSecond)),
    max: Math.round(Math.max(...perSecond)),
    'prompt ms': Number((1000 * median(first)).toFixed(1)),
    'ms a step': Number(median(steps).toFixed(2)),
    'as recomputed': await asRecomputed(engine, prompts),
  };
}

async function seconds(
  engine: Engine,
  prompts: readonly Int32Array[],
  maxNewTokens: number,
): Promise<number> {
  const began = performance.now();
  await engine.generate(prompts, { maxNewTokens, stopIds: [], useAdapter: true });
  return (performance.now() - began) / 1e3;
}

/** Whether one token at a time from the whole text gives the same tokens; the cache is not used beyond its filling. */
async function asRecomputed(engine: Engine, prompts: readonly Int32Array[]): Promise<string> {
  if (checked === 0) return 'not checked';
  const options = { stopIds: [], useAdapter: true };
  const cached = await engine.generate(prompts, { ...options, maxNewTokens: checked });
  let texts = [...prompts];
  for (let step = 0; step < checked; step++) {
    const next = await engine.generate(texts, { ...options, maxNewTokens: 1 });
    texts = texts.map((text, row) => Int32Array.of(...text, next[row]?.[0] ?? -1));
  }
  const same = texts.every((text, row) => text.subarray(promptTokens).join() === cached[row]?.join());
  if (!same) process.exitCode = 1;
  return same ? 'yes' : 'NO';
}

function loraConfig(): TrainerConfig {
  return TrainerConfig.fromPartial({
    model: { fromScratch: true },
    method: {
      type: MethodType.METHOD_TYPE_LORA,
      lora: {
        rank: 16,
        alpha: 32,
        targetModules: ['all-linear'],
        variant: 'standard',
        init: 'gaussian',
        loraPlusRatio: 1,
      },
    },
    training: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, precision: 'fp32' },
  });
}
