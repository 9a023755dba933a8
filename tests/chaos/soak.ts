// Random faults in a row on one job, then the proof that it came to the same bits as a job nobody disturbed.
// Run after `npm run build`: node tests/dist/chaos/soak.js [--faults 200] [--workers 4] [--seed N]
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { Arena, randomOf, type WorkerProcess } from './arena.js';
import type { FakeTraining } from './fake-training.js';

const { values } = parseArgs({
  options: {
    faults: { type: 'string', default: '200' },
    workers: { type: 'string', default: '4' },
    seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
  },
});
const [faults, size, seed] = [Number(values.faults), Number(values.workers), Number(values.seed)];
const random = randomOf(seed);
const training: FakeTraining = {
  totalSteps: 6 * faults + 20,
  count: 16,
  length: 20_000,
  unitMs: 4,
  evaluateEvery: 7,
};
console.log(`seed ${seed}: ${faults} faults on ${size} workers, ${training.totalSteps} steps`);

const calm = new Arena({ ...training, unitMs: 0 }, 1);
await calm.startCoordinator();
calm.startWorker('w0');
const expected = await digestOf(calm);
await calm.close();

const job = new Arena(training, size);
await job.startCoordinator();
const killed = new Set<WorkerProcess>();
let started = 0;
for (; started < size; started++) job.startWorker(`w${started}`);

const injections: Record<string, () => Promise<void>> = {
  kill: () => replace(1),
  'two kills': () => replace(2),
  'short freeze': () => freeze(300),
  'long freeze': () => freeze(1500),
  'coordinator restart': async () => {
    await job.killCoordinator();
    await delay(300 * random());
    await job.startCoordinator();
  },
};
const names = Object.keys(injections);
for (let fault = 1; fault <= faults; fault++) {
  const from = job.committedStep();
  await job.until(() => job.over() || (job.committedStep() >= from + 2 && living().every(isClose)));
  await delay(60 * random());
  if (job.over()) throw new Error(`the job ended after ${fault - 1} faults`);
  const name = names[Math.floor(random() * names.length)] ?? 'kill';
  const began = performance.now();
  const before = job.committedStep();
  await injections[name]?.();
  await job.until(() => job.over() || job.committedStep() > before);
  console.log(`${fault} ${name}: step ${before}, the next after ${Math.round(performance.now() - began)} ms`);
}
const digest = await digestOf(job);
await job.close();
if (digest !== expected) throw new Error(`seed ${seed}: the result is ${digest}, undisturbed ${expected}`);
console.log(`seed ${seed}: the same bits as undisturbed`);

async function replace(victims: number): Promise<void> {
  for (let victim = 0; victim < victims; victim++) {
    const worker = pick();
    killed.add(worker);
    worker.signal('SIGKILL');
    job.startWorker(`w${started++}`);
  }
  await delay(0);
}

async function freeze(milliseconds: number): Promise<void> {
  const worker = pick();
  worker.signal('SIGSTOP');
  await delay(milliseconds);
  worker.signal('SIGCONT');
}

function living(): WorkerProcess[] {
  return job.workers.filter((worker) => !worker.ended && !killed.has(worker));
}

function isClose(worker: WorkerProcess): boolean {
  return worker.committedStep() >= job.committedStep() - 1;
}

function pick(): WorkerProcess {
  const all = living();
  const worker = all[Math.floor(random() * all.length)];
  if (worker === undefined) throw new Error('nobody is left');
  return worker;
}

/** The one digest that all who took the last step came to. */
async function digestOf(arena: Arena): Promise<string> {
  await arena.until(() => arena.workers.every((worker) => worker.ended));
  const digests = new Set(
    arena.workers
      .flatMap((worker) => worker.outcome() ?? [])
      .filter((outcome) => outcome.step === arena.training.totalSteps)
      .map((outcome) => outcome.digest),
  );
  if (digests.size !== 1) throw new Error(`seed ${seed}: ${digests.size} different results`);
  return [...digests].join('');
}
