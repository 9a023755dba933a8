// One trainer process of the training bench: a model with random weights, driven by messages from the parent.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { createGroup, type Group } from '@tuneyard/trainer/collective';
import { createEngine, type Engine } from '@tuneyard/trainer/loop';
import { MethodConfig, methodTypeFromJSON, TrainerConfig } from '@tuneyard/proto';
import { serveCommands } from './rank-processes.js';

export interface RankOrder {
  readonly folder: string;
  readonly method: string;
  readonly batch: number;
  readonly length: number;
  readonly loraRank: number;
  readonly checkpointing: boolean;
  readonly rank: number;
  /** Of the coordinator; absent when the rank is alone. */
  readonly coordinator?: string;
  readonly ranks: number;
}

export type RankCommand = { readonly kind: 'step' | 'gemm' | 'memory' };

export interface StepTimes {
  readonly wall: number;
  /** Processor time, user and system. */
  readonly processor: number;
  readonly gradient: number;
  readonly reduce: number;
  readonly update: number;
  readonly loss: number;
}

export interface RankAnswer {
  readonly backend?: string;
  readonly parameters?: number;
  readonly step?: StepTimes;
  /** GFLOP/s of the backend's own product of two 1024 x 1024 matrices. */
  readonly gemmPeak?: number;
  readonly peakMiB?: number;
}

const METHODS: Readonly<Record<string, string>> = {
  lora: 'METHOD_TYPE_LORA',
  dora: 'METHOD_TYPE_LORA',
  qlora: 'METHOD_TYPE_QLORA',
  ptuning: 'METHOD_TYPE_PTUNING',
  prefix: 'METHOD_TYPE_PTUNING_V2',
  prompt: 'METHOD_TYPE_PROMPT',
  full: 'METHOD_TYPE_FULL',
};
const LEARNING_RATE = 1e-4;
const VIRTUAL_TOKENS = 20;

const order: RankOrder = JSON.parse(process.argv[2] ?? '');
const { batch, length } = order;
const engine = await createEngine({ config: trainerConfig(), modelFolder: order.folder, seed: 1 });
const data = tokens();
const vector = new Float32Array(engine.parameterCount);
let steps = 0;
const group = order.coordinator === undefined ? undefined : await join(engine, order.coordinator);

serveCommands(obey);
process.send?.({ backend: engine.backend, parameters: engine.parameterCount });

async function obey(command: RankCommand): Promise<RankAnswer> {
  if (command.kind === 'step') return { step: await step() };
  return command.kind === 'gemm'
    ? { gemmPeak: gemmPeak() }
    : { peakMiB: process.resourceUsage().maxRSS / 1024 };
}

async function step(): Promise<StepTimes> {
  const [began, used] = [performance.now(), process.cpuUsage()];
  const { sum, loss, trained, gradient, reduce } = await gradients();
  const updating = performance.now();
  await engine.update(sum, {
    step: ++steps,
    learningRate: LEARNING_RATE,
    gradientScale: 1 / trained,
    maxGradNorm: 1,
  });
  const [ended, { user, system }] = [performance.now(), process.cpuUsage(used)];
  return {
    wall: (ended - began) / 1e3,
    processor: (user + system) / 1e6,
    gradient,
    reduce,
    update: (ended - updating) / 1e3,
    loss: loss / trained,
  };
}

interface Gradients {
  readonly sum: Float32Array;
  readonly loss: number;
  readonly trained: number;
  readonly gradient: number;
  readonly reduce: number;
}

async function gradients(): Promise<Gradients> {
  if (group === undefined) {
    const began = performance.now();
    const { lossSum, trainedTokens } = await engine.gradient(data, steps, vector);
    const gradient = (performance.now() - began) / 1e3;
    return { sum: vector, loss: lossSum, trained: trainedTokens, gradient, reduce: 0 };
  }
  const result = await group.sum({
    step: steps + 1,
    phase: 'gradient',
    count: order.ranks,
    vectorLength: engine.parameterCount,
    compute: (_index, out) => engine.gradient(data, steps, out),
  });
  if (result.kind !== 'sum') throw new Error(`a bench loses nobody: ${result.kind}`);
  const { lossSum, trainedTokens } = result.scalars;
  const { computeSeconds, reduceSeconds } = result.timings;
  return {
    sum: result.vector,
    loss: lossSum,
    trained: trainedTokens,
    gradient: computeSeconds,
    reduce: reduceSeconds,
  };
}

async function join(of: Engine, coordinatorAddress: string): Promise<Group> {
  const joined = createGroup({
    coordinatorAddress,
    job: { namespace: 'bench', name: 'train', uid: 'train' },
    token: 'bench',
    memberId: `rank-${order.rank}`,
    listenHost: '127.0.0.1',
  });
  await joined.connect();
  const holder = {
    committedStep: () => steps,
    exportState: () => of.exportState(),
    importState: (_step: number, state: Uint8Array) => of.importState(state),
  };
  await joined.join(holder, 1);
  return joined;
}

function gemmPeak(): number {
  const size = 1024;
  const [a, b] = [tf.randomNormal([size, size]), tf.randomNormal([size, size])];
  let best = Infinity;
  for (let round = 0; round < 20; round++) {
    const began = performance.now();
    const product = tf.matMul(a, b);
    // Some backends compute when asked for the numbers only.
    tf.slice(product, [0, 0], [1, 1]).dataSync();
    best = Math.min(best, performance.now() - began);
    tf.dispose(product);
  }
  tf.dispose([a, b]);
  return (2 * size ** 3) / best / 1e6;
}

function tokens() {
  const config: { readonly vocab_size: number } = JSON.parse(
    readFileSync(path.join(order.folder, 'config.json'), 'utf8'),
  );
  const size = batch * length;
  const inputIds = Int32Array.from({ length: size }, (_, i) => ((i + order.rank) * 7919) % config.vocab_size);
  return {
    batch,
    length,
    inputIds,
    labels: inputIds.map((id, i) => (i % length === 0 ? -100 : id)),
    positionIds: Int32Array.from({ length: size }, (_, i) => i % length),
    segmentIds: new Int32Array(size).fill(1),
  };
}

function trainerConfig(): TrainerConfig {
  const name = METHODS[order.method];
  if (name === undefined) throw new Error(`--method: one of ${Object.keys(METHODS).join(', ')}.`);
  return TrainerConfig.fromPartial({
    model: { fromScratch: true },
    method: MethodConfig.fromPartial({
      type: methodTypeFromJSON(name),
      lora: {
        rank: order.loraRank,
        alpha: 2 * order.loraRank,
        targetModules: ['all-linear'],
        variant: order.method === 'dora' ? 'dora' : 'standard',
        init: 'kaiming',
        loraPlusRatio: 1,
      },
      ptuning: { virtualTokens: VIRTUAL_TOKENS, encoder: 'mlp', hiddenSize: 0, encoderLayers: 2 },
      prefix: { virtualTokens: VIRTUAL_TOKENS, projection: false, hiddenSize: 0 },
      prompt: { virtualTokens: VIRTUAL_TOKENS, init: 'random', initText: '' },
    }),
    training: {
      gradientCheckpointing: order.checkpointing,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: 0.01,
      precision: 'fp32',
    },
  });
}
