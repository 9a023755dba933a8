// Training speed on this machine. Run after `npm run build`; --help tells how.
import { rmSync, writeFileSync } from 'node:fs';
import { peftPython, startPeft, type PeftStep } from './peft-environment.js';
import { readShape, shapeFolder, stepFlops } from './train-shape.js';
import type { StepTimes } from './train-rank.js';
import { startWorkers, type Workers } from './train-workers.js';
import { readOptions } from '../support/read-options.js';
import { RoundProgress } from '../support/round-progress.js';
import { median } from '../support/quantile.js';

const USAGE = `node tests/dist/bench/train.js [options]

Training speed on this machine, alone or pair by pair against PyTorch + PEFT.

  --shape NAME      s15m, m512 or a config.json; default s15m
  --batch N         sequences of each worker's micro-batch; default 8
  --seq N           tokens of a sequence; default 256
  --steps N         steps that are measured; default 20
  --workers N       processes; default 1
  --method NAME     lora, qlora, dora, ptuning, prefix, prompt or full; default lora
  --rank N          of LoRA; default 16
  --checkpointing   keep layer inputs only and compute the rest again
  --against WHAT    also PyTorch + PEFT (peft), or this trainer with another method (lora, …; never checkpointing), step
                    by step in turn, so that other load on the machine meets both alike
  --python FILE     Python with torch, transformers and peft; default: one under .cache, made when pip can
  --threads N       PyTorch's; default: the number of workers
  --json FILE       also writes the figures there

TUNEYARD_BACKEND, TUNEYARD_BLAS and TUNEYARD_NATIVE choose as in training.
`;

const values = readOptions(USAGE, {
  shape: { type: 'string', default: 's15m' },
  batch: { type: 'string', default: '8' },
  seq: { type: 'string', default: '256' },
  steps: { type: 'string', default: '20' },
  workers: { type: 'string', default: '1' },
  method: { type: 'string', default: 'lora' },
  rank: { type: 'string', default: '16' },
  checkpointing: { type: 'boolean', default: false },
  against: { type: 'string' },
  python: { type: 'string' },
  threads: { type: 'string' },
  json: { type: 'string' },
});
const [batch, length, steps, ranks, loraRank] = [
  values.batch,
  values.seq,
  values.steps,
  values.workers,
  values.rank,
].map(Number) as [number, number, number, number, number];
const { method, checkpointing } = values;
const shape = readShape(values.shape);
const folder = shapeFolder(shape);
const tokens = batch * length * ranks;
const flops = ranks * stepFlops(shape, { batch, length, rank: loraRank, method });
/** Both sides take longer at first: code is compiled, memory is claimed. */
const WARM_UP = 2;

interface Pair {
  readonly ours: StepTimes;
  readonly theirs?: Pick<PeftStep, 'wall' | 'processor'>;
}

/** What is measured in turn with the method in question. */
interface Rival {
  readonly name: string;
  step(): Promise<Pick<PeftStep, 'wall' | 'processor'>>;
  peakMiB(): Promise<number>;
  end(): Promise<void>;
}

try {
  const workers = await startWorkers({ folder, method, batch, length, loraRank, checkpointing, ranks });
  console.log(`${workers.backend}; ${workers.parameters} parameters trained`);
  const rival = await startRival();
  try {
    const pairs = await alternate(workers, rival);
    // Memory before the products, which take some of their own.
    const peakMiB = await workers.peakMiB();
    const theirs = rival && { name: rival.name, peakMiB: await rival.peakMiB() };
    report(pairs, await workers.gemmPeak(), peakMiB, workers, theirs);
  } finally {
    await rival?.end();
    await workers.end();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function startRival(): Promise<Rival | undefined> {
  if (values.against === undefined) return undefined;
  if (values.against !== 'peft') {
    const other = { folder, method: values.against, batch, length, loraRank, checkpointing: false, ranks };
    const { backend: _, ...workers } = await startWorkers(other);
    return { name: values.against, ...workers };
  }
  const found =
    method === 'qlora' ? { missing: 'it has no 4-bit kernels for CPUs' } : peftPython(values.python);
  if ('missing' in found) {
    console.log(`PyTorch + PEFT is skipped: ${found.missing}`);
    return undefined;
  }
  const sizes = [batch * ranks, length, loraRank, Number(values.threads ?? ranks)].map(String);
  const peft = await startPeft(found.python, [folder, method, ...sizes]);
  let peakMiB = 0;
  return {
    name: peft.versions,
    step: async () => {
      const step = await peft.step();
      peakMiB = Math.max(peakMiB, step.peakMiB);
      return step;
    },
    peakMiB: () => Promise.resolve(peakMiB),
    end: () => Promise.resolve(peft.end()),
  };
}

async function alternate(workers: Workers, rival: Rival | undefined): Promise<Pair[]> {
  const pairs: Pair[] = [];
  const progress = new RoundProgress();
  for (let turn = -WARM_UP; turn < steps; turn++) {
    progress.at(`steps, after ${WARM_UP} to warm up`, Math.max(1, turn + 1), steps);
    const ours = await workers.step();
    const pair = rival === undefined ? { ours } : { ours, theirs: await rival.step() };
    if (turn >= 0) pairs.push(pair);
  }
  progress.end();
  return pairs;
}

interface RivalMemory {
  readonly name: string;
  readonly peakMiB: number;
}

function report(
  pairs: readonly Pair[],
  gemmPeak: number,
  peakMiB: number,
  { backend, parameters }: Workers,
  rival: RivalMemory | undefined,
): void {
  const times = (read: (step: StepTimes) => number): number[] => pairs.map(({ ours }) => read(ours));
  const wall = times((step) => step.wall);
  const gflops = flops / median(wall) / 1e9;
  const result = {
    shape: values.shape,
    batch,
    length,
    workers: ranks,
    method,
    checkpointing,
    backend,
    parameters,
    steps,
    tokensPerSecond: spread(wall.map((seconds) => tokens / seconds)),
    tokensPerProcessorSecond: spread(times((step) => tokens / step.processor)),
    gflops,
    gemmPeak,
    shareOfPeak: gflops / gemmPeak,
    seconds: {
      step: spread(wall),
      gradient: spread(times((step) => step.gradient)),
      allReduce: spread(times((step) => step.reduce)),
      update: spread(times((step) => step.update)),
    },
    peakMiB,
    loss: pairs.at(-1)?.ours.loss,
    ...(rival === undefined ? {} : { against: comparison(pairs, rival, peakMiB) }),
  };
  console.log(
    `${values.shape} ${method} B${batch} T${length}, ${ranks} worker(s): ` +
      `${show(result.tokensPerSecond, 0)} tokens/s, ${gflops.toFixed(1)} GFLOP/s, ` +
      `${(100 * result.shareOfPeak).toFixed(0)} % of the ${gemmPeak.toFixed(0)} GFLOP/s of a plain product; ` +
      `${show(result.tokensPerProcessorSecond, 0)} tokens per processor second; peak ${peakMiB.toFixed(0)} MiB`,
  );
  for (const [phase, seconds] of Object.entries(result.seconds))
    console.log(`  ${phase.padEnd(10)} ${show(seconds, 4)} s`);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result, null, 2)}\n`);
}

function comparison(pairs: readonly Pair[], rival: RivalMemory, peakMiB: number) {
  const theirs = pairs.flatMap((pair) => (pair.theirs === undefined ? [] : [pair.theirs]));
  const ratios = pairs.map(({ ours, theirs: other }) => (other?.wall ?? NaN) / ours.wall);
  const processorRatios = pairs.map(({ ours, theirs: other }) => (other?.processor ?? NaN) / ours.processor);
  const result = {
    ...rival,
    tokensPerSecond: spread(theirs.map(({ wall }) => tokens / wall)),
    tokensPerProcessorSecond: spread(theirs.map(({ processor }) => tokens / processor)),
    ratios,
    ratio: spread(ratios),
    processorRatio: spread(processorRatios),
  };
  console.log(
    `${rival.name}: ${show(result.tokensPerSecond, 0)} tokens/s, ` +
      `${show(result.tokensPerProcessorSecond, 0)} per processor second; peak ${rival.peakMiB.toFixed(0)} MiB`,
  );
  console.log(`  pair by pair: ${ratios.map((ratio) => ratio.toFixed(2)).join(' ')}`);
  console.log(
    `  ratio ${show(result.ratio, 2)} by the clock, ${show(result.processorRatio, 2)} by processor time; ` +
      `memory ${(peakMiB / rival.peakMiB).toFixed(2)} of its`,
  );
  return result;
}

interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

function spread(numbers: readonly number[]): Spread {
  return { median: median(numbers), min: Math.min(...numbers), max: Math.max(...numbers) };
}

function show({ median: middle, min, max }: Spread, digits: number): string {
  return `${middle.toFixed(digits)} (${min.toFixed(digits)} to ${max.toFixed(digits)})`;
}
