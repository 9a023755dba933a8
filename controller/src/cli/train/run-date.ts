import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { toTrainerConfig, type ResolvedSpec } from '../../api/index.js';
import { UserError } from '../../errors.js';
import { spawnTrainer } from '../trainer-program.js';
import type { LocalStart } from './output-folder.js';

/** Beside the checkpoints: when the first run that wrote them began. */
const RUN_DATE_FILE = 'run-date';
const DATED = 'strftime_now';
/** Where a model folder may have its chat template. */
const TEMPLATE_FILES = ['chat_template.jinja', 'tokenizer_config.json'];

/** Asks a trainer, which knows every kind of storage, for the date at an address. */
export type AskForDate = (checkpoints: string, secret: string, start: LocalStart) => Promise<string>;

/**
 * The date that templates of a run write, RFC 3339; '' where none does. It is kept beside the checkpoints, so that a run that
 * goes on on another day renders the same texts and finds its checkpoints. A start that discards them has a date of its own.
 */
export async function runDate(
  spec: ResolvedSpec,
  now: Date,
  start: LocalStart,
  ask: AskForDate = askTrainer,
): Promise<string> {
  if (!mayWriteDate(spec)) return '';
  const { uri, secret } = toTrainerConfig(spec).training?.checkpoint ?? { uri: '', secret: '' };
  if (uri === '') return now.toISOString();
  if (!uri.startsWith('file://')) return ask(uri, secret, start);
  const folder = fileURLToPath(uri);
  const file = join(folder, RUN_DATE_FILE);
  if (start !== 'discard' && existsSync(file)) {
    const kept = new Date(readFileSync(file, 'utf8').trim());
    if (!Number.isNaN(kept.getTime())) return kept.toISOString();
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, `${now.toISOString()}\n`);
  return now.toISOString();
}

async function askTrainer(checkpoints: string, secret: string, start: LocalStart): Promise<string> {
  const trainer = spawnTrainer(
    [
      'run-date',
      '--checkpoints',
      checkpoints,
      '--secret',
      secret,
      ...(start === 'discard' ? ['--anew'] : []),
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const [output, errors] = await Promise.all([
    text(trainer.stdout ?? Readable.from([])),
    text(trainer.stderr ?? Readable.from([])),
    once(trainer, 'exit'),
  ]);
  if (trainer.exitCode === 0) return output.trim();
  const reason = (errors.trim().split('\n').at(-1) ?? '').replace(/^tuneyard-trainer: /, '');
  throw trainer.exitCode === 2 ? new UserError(reason) : new Error(reason);
}

/** A model elsewhere may have a template that does. */
function mayWriteDate({ dataset, model }: ResolvedSpec): boolean {
  if (dataset.template !== 'auto') return dataset.template.includes(DATED);
  if (!model.source.startsWith('file://')) return true;
  return TEMPLATE_FILES.map((name) => join(fileURLToPath(model.source), name)).some(
    (path) => existsSync(path) && readFileSync(path, 'utf8').includes(DATED),
  );
}
