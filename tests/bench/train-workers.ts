import { fork } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCoordinatorServer, MemoryEventBus, MemoryStateStore } from '@tuneyard/controller/coordinator';
import { TrainerConfig } from '@tuneyard/proto';
import type { RankAnswer, RankOrder, StepTimes } from './train-rank.js';
import { answerOf, tell } from './rank-processes.js';

const RANK_FILE = path.join(path.dirname(fileURLToPath(import.meta.url)), 'train-rank.js');

/** Trainer processes of this machine that make one global batch together. */
export interface Workers {
  readonly backend: string;
  readonly parameters: number;
  /** The slowest rank's times. */
  step(): Promise<StepTimes>;
  /** GFLOP/s of all ranks, each on its own. */
  gemmPeak(): Promise<number>;
  /** Peak resident set of all ranks together, MiB. */
  peakMiB(): Promise<number>;
  end(): Promise<void>;
}

export async function startWorkers(
  order: Omit<RankOrder, 'rank' | 'coordinator'>,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Workers> {
  const server = order.ranks > 1 ? await coordinator(order.ranks) : undefined;
  const children = Array.from({ length: order.ranks }, (_, rank) => {
    const full: RankOrder = { ...order, rank, ...(server ? { coordinator: server.address } : {}) };
    return fork(RANK_FILE, [JSON.stringify(full)], { env: environment });
  });
  const [first] = await Promise.all(children.map((child) => answerOf<RankAnswer>(child)));
  const steps = async (): Promise<StepTimes[]> =>
    (await tell<RankAnswer>(children, { kind: 'step' })).flatMap(({ step }) =>
      step === undefined ? [] : [step],
    );
  return {
    backend: first?.backend ?? '',
    parameters: first?.parameters ?? 0,
    step: async () => {
      const times = await steps();
      const slowest = times.reduce((worst, step) => (step.wall > worst.wall ? step : worst));
      return { ...slowest, processor: times.reduce((total, { processor }) => total + processor, 0) };
    },
    gemmPeak: async () => {
      const answers = await tell<RankAnswer>(children, { kind: 'gemm' });
      return answers.reduce((total, { gemmPeak }) => total + (gemmPeak ?? 0), 0);
    },
    peakMiB: async () => {
      const answers = await tell<RankAnswer>(children, { kind: 'memory' });
      return answers.reduce((total, { peakMiB }) => total + (peakMiB ?? 0), 0);
    },
    end: async () => {
      for (const child of children) child.kill();
      await server?.close();
    },
  };
}

async function coordinator(expectedWorkers: number) {
  const server = await createCoordinatorServer({
    address: '127.0.0.1:0',
    store: new MemoryStateStore(),
    bus: new MemoryEventBus(),
    heartbeatTimeoutSeconds: 60,
  });
  await server.coordinator.register({
    ref: { namespace: 'bench', name: 'train', uid: 'train' },
    config: TrainerConfig.create(),
    token: 'bench',
    expectedWorkers,
  });
  return server;
}
