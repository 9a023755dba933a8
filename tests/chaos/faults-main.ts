// Every fault in every phase, one job each. Run after `npm run build`; --help tells how.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { quantile } from '../support/quantile.js';
import { readOptions } from '../support/read-options.js';
import { calmRun, runCase, type FaultOutcome } from './fault-job.js';
import { ALL_CASES, traitsOf, type FaultCase, type FaultName } from './faults.js';
import { randomOf } from './random.js';
import { Yard } from './yard.js';

const USAGE = `node tests/dist/chaos/faults-main.js [options]

Jobs of three real trainers on a tiny model, each hit by one fault in one phase of its work. Every job must come to its
end with the bits of a job that nobody disturbed, without losing a committed step.

  --seed N          repeats a run; default: another one each time
  --fault NAME      only this fault (half-open, partition, ...)
  --phase NAME      only this phase (forward, all-gather, ...)
  --cases N         only so many, drawn at random
  --json FILE       also writes the figures there
  --logs FOLDER     and what the trainers of each job said there
`;

const values = readOptions(USAGE, {
  seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
  fault: { type: 'string' },
  phase: { type: 'string' },
  cases: { type: 'string' },
  json: { type: 'string' },
  logs: { type: 'string' },
});
const seed = Number(values.seed);
const random = randomOf(seed);
const cases = drawn(
  ALL_CASES.filter(
    ({ fault, phase }) => (values.fault ?? fault) === fault && (values.phase ?? phase) === phase,
  ),
);
if (cases.length === 0) {
  console.error(`no such case; faults: ${names('fault')}; phases: ${names('phase')}`);
  process.exit(2);
}

const yard = await Yard.open();
const outcomes: Omit<FaultOutcome, 'log'>[] = [];
const failures: string[] = [];
const { digest, stepMs } = await calmRun(yard);
console.log(`seed ${seed}: ${cases.length} cases; undisturbed a step takes ${stepMs.toFixed(0)} ms`);
for (const [number, of] of cases.entries()) {
  const caseSeed = Math.floor(1_000_000 * random());
  try {
    const { log, ...outcome } = await runCase(yard, of, caseSeed, digest);
    outcomes.push(outcome);
    keep(`${number + 1}`, log);
    console.log(
      `${number + 1} ${of.fault} in ${of.phase}: ${outcome.recoveryMs} ms, ${outcome.generations} generations (seed ${caseSeed})`,
    );
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    failures.push(why);
    keep(`${number + 1}-failed`, why);
    console.error(`${number + 1} FAILED: ${why}`);
  }
}
await yard.close();

const rows: Record<string, object> = {};
for (const fault of new Set(cases.map((of) => of.fault)))
  rows[fault] = row(
    outcomes.filter((outcome) => outcome.fault === fault),
    cases.filter((of) => of.fault === fault).length,
  );
// Starting processes and loading a model is not recovery.
const isRecovery = (fault: FaultName): boolean => traitsOf(fault).takesAway;
rows['all that take a worker or link away'] = row(
  outcomes.filter(({ fault }) => isRecovery(fault)),
  cases.filter(({ fault }) => isRecovery(fault)).length,
);
console.log('from the fault to the next committed step, computing that step included (ms):');
console.table(rows);
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ seed, stepMs, rows, outcomes, failures }, undefined, 2)}\n`);
console.log(`seed ${seed}: ${outcomes.length} of ${cases.length} jobs came to the same bits as undisturbed`);
if (failures.length > 0) process.exitCode = 1;

function keep(name: string, log: string): void {
  if (values.logs === undefined) return;
  mkdirSync(values.logs, { recursive: true });
  writeFileSync(join(values.logs, `${name}.log`), log);
}

function row(of: readonly Pick<FaultOutcome, 'recoveryMs'>[], count: number): object {
  const times = of.map(({ recoveryMs }) => recoveryMs);
  return {
    cases: count,
    failed: count - of.length,
    p50: quantile(times, 0.5),
    p95: quantile(times, 0.95),
    max: quantile(times, 1),
  };
}

function drawn(all: readonly FaultCase[]): readonly FaultCase[] {
  if (values.cases === undefined) return all;
  const rest = [...all];
  return Array.from({ length: Math.min(Number(values.cases), all.length) }, () =>
    rest.splice(Math.floor(rest.length * random()), 1),
  ).flat();
}

function names(of: 'fault' | 'phase'): string {
  return [...new Set(ALL_CASES.map((one) => one[of]))].join(', ');
}
