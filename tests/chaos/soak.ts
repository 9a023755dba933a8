// Random faults in a row on one job. Run after `npm run build`; --help tells how.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import { Arena, type WorkerProcess } from './arena.js';
import type { FakeTraining } from './fake-training.js';
import type { LinkFault } from './fault-proxy.js';
import { randomOf } from './random.js';
import { quantile } from '../support/quantile.js';
import { readOptions } from '../support/read-options.js';

const USAGE = `node tests/dist/chaos/soak.js [options]

Random faults in a row on one job, then the proof that it came to the same bits as a job nobody disturbed, and that a
worker which lived through all of them holds no more memory and files at the end than at the start. Files are compared
when it is calm again and connections that hang have been given up.

  --faults N     default 200
  --workers N    default 4
  --seed N       repeats a run; default: another one each time
  --json FILE    also writes the figures there
`;

const values = readOptions(USAGE, {
  faults: { type: 'string', default: '200' },
  workers: { type: 'string', default: '4' },
  seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
  json: { type: 'string' },
});
const [faults, size, seed] = [Number(values.faults), Number(values.workers), Number(values.seed)];
const random = randomOf(seed);
/** Of about 20 ms. */
const CALM_STEPS = 2000;
const training: FakeTraining = {
  // While one is away, the others may take dozens. The rest is for connections that hang to be given up.
  totalSteps: 20 * faults + CALM_STEPS,
  count: 16,
  length: 20_000,
  unitMs: 4,
  evaluateEvery: 7,
};
console.log(`seed ${seed}: ${faults} faults on ${size} workers, ${training.totalSteps} steps`);

const calm = new Arena({ ...training, unitMs: 0 }, 1);
await calm.start(1);
const expected = await digestOf(calm);
await calm.close();

const job = new Arena(training, size, undefined, true);
await job.startCoordinator();
const killed = new Set<WorkerProcess>();
let started = 0;
/** Is frozen like the others but never killed, so that what it keeps of each fault would add up. */
const witness = job.startWorker(`w${started++}`);
for (; started < size; started++) job.startWorker(`w${started}`);
const recoveries: { readonly fault: string; readonly ms: number }[] = [];
const memories: number[] = [];

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
  'links reset': () => damage('reset'),
  'links half open': () => damage('half-open'),
  'corrupt frame': () => damage('corrupt'),
  'truncated frame': () => damage('truncate'),
  'links delayed': () => damage('delay', 1000),
  'links lossy': () => damage('loss', 1000),
  'slow reader': () => damage('slow', 1000),
  'short partition': () => damage('partition', 300),
  'long partition': () => damage('partition', 1500),
};
const names = Object.keys(injections);
const REGROUPS: ReadonlySet<string> = new Set([
  'kill',
  'two kills',
  'long freeze',
  'links reset',
  'links half open',
  'corrupt frame',
  'truncated frame',
]);
await job.until(() => job.committedStep() >= 10 && living().every(isClose));
const filesBefore = heldBy(witness).files;
for (let fault = 1; fault <= faults; fault++) {
  const from = job.committedStep();
  await job.until(() => job.over() || (job.committedStep() >= from + 2 && living().every(isClose)));
  await delay(60 * random());
  if (job.over()) throw new Error(`the job ended after ${fault - 1} faults`);
  const name = names[Math.floor(random() * names.length)] ?? 'kill';
  const began = Date.now();
  const before = job.committedStep();
  // What only delays may go on in the same generation.
  const generation = REGROUPS.has(name) ? job.generation() : -1;
  await injections[name]?.();
  await job.until(() => job.over() || Number.isFinite(job.recoveryMs(began, generation)));
  const ms = job.recoveryMs(began, generation);
  recoveries.push({ fault: name, ms });
  memories.push(heldBy(witness).rssMiB);
  console.log(`${fault} ${name}: step ${before}, the next after ${ms} ms`);
}
console.log(`waiting until worker ${witness.memberId} has given up connections that hang`);
const mayBeOpen = filesBefore + 3;
await job.until(() => job.over() || heldBy(witness).files <= mayBeOpen);
if (job.over()) throw new Error('files stay open after faults');
const filesAfter = heldBy(witness).files;
const digest = await digestOf(job);
await job.close();
if (digest !== expected) throw new Error(`seed ${seed}: the result is ${digest}, undisturbed ${expected}`);
console.log(`seed ${seed}: the same bits as undisturbed`);
const recovery: Record<string, object> = {};
for (const name of [...names, 'any']) {
  const times = recoveries.filter(({ fault }) => name === 'any' || fault === name).map(({ ms }) => ms);
  if (times.length === 0) continue;
  recovery[name] = {
    faults: times.length,
    p50: quantile(times, 0.5),
    p95: quantile(times, 0.95),
    max: quantile(times, 1),
  };
}
console.log('from the fault to the next committed step, in a new generation where somebody was lost (ms):');
console.table(recovery);
const memory = growth(memories);
console.log(`worker ${witness.memberId}: ${memory.words} MiB, ${filesBefore} then ${filesAfter} open files`);
if (values.json !== undefined)
  writeFileSync(
    values.json,
    `${JSON.stringify({ seed, faults, recovery, memory, filesBefore, filesAfter }, undefined, 2)}\n`,
  );
if (memory.after > 1.25 * memory.before + 10) throw new Error('memory grows with every fault');

interface Held {
  readonly rssMiB: number;
  readonly files: number;
}

/** What the process holds now (Linux). */
function heldBy({ child }: WorkerProcess): Held {
  const proc = `/proc/${child.pid}`;
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`${proc}/status`, 'utf8'))?.[1];
  return { rssMiB: Number(kib) / 1024, files: readdirSync(`${proc}/fd`).length };
}

/** Medians of the second and of the last quarter: the first one warms up. */
function growth(series: readonly number[]): { before: number; after: number; words: string } {
  const quarter = Math.ceil(series.length / 4);
  const before = quantile(series.slice(quarter, 2 * quarter), 0.5) ?? 0;
  const after = quantile(series.slice(-quarter), 0.5) ?? 0;
  return { before, after, words: `${before.toFixed(0)} then ${after.toFixed(0)}` };
}

async function replace(victims: number): Promise<void> {
  for (let victim = 0; victim < victims; victim++) {
    const worker = pick(witness);
    killed.add(worker);
    worker.signal('SIGKILL');
    job.startWorker(`w${started++}`);
  }
  await delay(0);
}

/** Damages the links of one worker, for a while or once. */
async function damage(fault: LinkFault, milliseconds?: number): Promise<void> {
  const worker = pick();
  worker.link(fault);
  if (milliseconds === undefined) return;
  await delay(milliseconds);
  worker.link('heal');
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

/** @param spared is not picked. */
function pick(spared?: WorkerProcess): WorkerProcess {
  const all = living().filter((worker) => worker !== spared);
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
