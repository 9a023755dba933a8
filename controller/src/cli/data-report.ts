import { once } from 'node:events';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { TrainerConfig } from '@tuneyard/proto';
import { toTrainerConfig, type ResolvedSpec } from '../api/index.js';
import { spawnTrainer } from './trainer-program.js';

/** What training would make of the data, as far as it is looked at here; the trainer writes it. */
export interface DataReport {
  readonly rows: number;
  readonly invalid: number;
  readonly duplicates: number;
  readonly truncated: number;
  /** Held-out rows that nearly repeat a training row. */
  readonly leaked: number;
  /** What the data do to the job, and its owner hardly expects. */
  readonly warnings: readonly string[];
  readonly splits: Readonly<
    Record<
      'train' | 'validation' | 'test',
      { readonly examples: number; readonly tokens: number; readonly longest: number }
    >
  >;
  readonly steps: { readonly total: number; readonly perEpoch: number };
}

export interface PrintOptions {
  /** File for the report as JSON; - = standard output. */
  readonly json: string | undefined;
  /** Examples of each finding that are printed. */
  readonly show: number;
}

/** Prints the report on this terminal; resolves with the exit code. */
export async function printDataReport(spec: ResolvedSpec, { json, show }: PrintOptions): Promise<number> {
  const more = ['--show', String(show), ...(json === undefined ? [] : ['--json', json])];
  const trainer = start(spec, more, 'inherit');
  await once(trainer, 'exit');
  return trainer.exitCode ?? 1;
}

/** The report, or what is wrong with the data, as the trainer says it. */
export async function readDataReport(
  spec: ResolvedSpec,
): Promise<{ readonly report: DataReport } | { readonly problem: string }> {
  const trainer = start(spec, ['--json', '-'], 'pipe');
  const [output, errors] = await Promise.all([
    text(trainer.stdout ?? Readable.from([])),
    text(trainer.stderr ?? Readable.from([])),
    once(trainer, 'exit'),
  ]);
  if (trainer.exitCode === 0) return { report: JSON.parse(output) as DataReport };
  const last = errors.trim().split('\n').at(-1) ?? '';
  return { problem: last.replace(/^tuneyard: /, '') };
}

function start(spec: ResolvedSpec, more: readonly string[], output: 'inherit' | 'pipe') {
  const trainer = spawnTrainer(['data-report', '--config', '-', ...more], {
    stdio: ['pipe', output, output, 'ipc'],
    env: { ...process.env, TUNEYARD_PROGRAM: 'tuneyard' },
  });
  // A trainer that ends early says why itself; a broken pipe would only hide it.
  trainer.stdin
    ?.on('error', () => undefined)
    .end(JSON.stringify(TrainerConfig.toJSON(toTrainerConfig(spec))));
  return trainer;
}
