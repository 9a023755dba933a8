// What dealing micro-batches by speed is worth when one worker is slow: npm run bench:stragglers -- --help
// The workers are processes with the real group and coordinator; a micro-batch takes a set time and no processor, so that
// the figures do not depend on how many cores this machine has.
import { writeFileSync } from 'node:fs';

import { createCoordinatorServer, MemoryEventBus, MemoryStateStore } from '@tuneyard/controller/coordinator';
import { TrainerConfig } from '@tuneyard/proto';

import { Arena } from '../chaos/arena.js';
import type { FakeTraining } from '../chaos/fake-training.js';
import { readOptions } from '../support/read-options.js';
import { median } from '../support/quantile.js';

const USAGE = `node tests/dist/bench/stragglers.js [options]

What dealing micro-batches by speed is worth when one worker is slow.

  --workers N   processes, default 4
  --batches N   micro-batches a step, default 32
  --ms N        what one takes, default 20
  --slow X      how many times slower the last worker is, default 2
  --steps N     steps of a run; the first half is left out, default 60
  --rounds N    runs of each kind, alternating, default 3
  --json FILE   also write the figures there`;

interface Run {
  readonly stepsPerSecond: number;
  readonly digest: string;
}

const values = readOptions(USAGE, {
  workers: { type: 'string', default: '4' },
  batches: { type: 'string', default: '32' },
  ms: { type: 'string', default: '20' },
  slow: { type: 'string', default: '2' },
  steps: { type: 'string', default: '60' },
  rounds: { type: 'string', default: '3' },
  json: { type: 'string' },
});
await main();

async function main(): Promise<void> {
  const [workers, count, unitMs, slow, totalSteps, rounds] = [
    values.workers,
    values.batches,
    values.ms,
    values.slow,
    values.steps,
    values.rounds,
  ].map(Number) as [number, number, number, number, number, number];
  const training: FakeTraining = { totalSteps, count, length: 20_000, unitMs, evaluateEvery: 0 };
  const slowed = { ...training, unitMsOf: { [`w${workers - 1}`]: slow * unitMs } };
  const kinds = {
    'all equally fast': () => run(training, workers, true),
    'one slow, even deal': () => run(slowed, workers, false),
    'one slow, dealt by speed': () => run(slowed, workers, true),
  };
  const runs: Record<string, Run[]> = {};
  for (let round = 0; round < rounds; round++)
    for (const [kind, measure] of Object.entries(kinds)) (runs[kind] ??= []).push(await measure());
  const digests = new Set(Object.values(runs).flatMap((of) => of.map(({ digest }) => digest)));
  const figures = Object.entries(runs).map(([kind, of]) => ({
    kind,
    stepsPerSecond: median(of.map(({ stepsPerSecond }) => stepsPerSecond)),
  }));
  console.log(`${workers} workers, ${count} micro-batches of ${unitMs} ms; one worker ${slow} times slower`);
  for (const { kind, stepsPerSecond } of figures)
    console.log(`${kind.padEnd(26)} ${stepsPerSecond.toFixed(2)} steps/s`);
  const [, even, bySpeed] = figures.map(({ stepsPerSecond }) => stepsPerSecond);
  console.log(
    `gain ${((bySpeed ?? 0) / (even ?? 1)).toFixed(2)}; results with different bits: ${digests.size - 1}`,
  );
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ workers, count, unitMs, slow, figures }, null, 2)}\n`);
}

/** One job from its first step to its last. */
async function run(training: FakeTraining, workers: number, bySpeed: boolean): Promise<Run> {
  const arena = new Arena(training, workers);
  const server = await createCoordinatorServer({
    address: '127.0.0.1:0',
    store: new MemoryStateStore(),
    bus: new MemoryEventBus(),
    heartbeatIntervalSeconds: 0.25,
    membership: bySpeed ? {} : { leastShare: 1, mostShare: 1 },
  });
  try {
    const ref = { namespace: 'team', name: 'tune', uid: arena.uid };
    const config = TrainerConfig.create();
    await server.coordinator.register({ ref, config, token: 's', expectedWorkers: workers });
    arena.address = server.address;
    arena.startWorkers(workers);
    await arena.until(() => arena.workers.every((worker) => worker.ended));
    const commits = arena.workers[0]?.commits() ?? [];
    const [from, to] = [commits[Math.floor(commits.length / 2)], commits.at(-1)];
    const digest = arena.workers[0]?.outcome()?.digest;
    if (from === undefined || to === undefined || digest === undefined)
      throw new Error(`the job did not end: ${arena.workers.map(({ stderr }) => stderr).join('')}`);
    return { stepsPerSecond: (1000 * (to.step - from.step)) / (to.at - from.at), digest };
  } finally {
    await arena.close();
    await server.close();
  }
}
