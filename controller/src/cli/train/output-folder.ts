import { existsSync, readFileSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ResolvedSpec } from '../../api/index.js';
import { UserError } from '../../errors.js';

/** What the trainer does about checkpoints that are there: `CheckpointConfig.resume`. */
export type LocalStart = 'never' | 'required' | 'discard';

export interface StartFlags {
  readonly resume: boolean;
  readonly force: boolean;
}

/** Names that are shown of a folder that holds other files. */
const SHOWN_NAMES = 3;

/**
 * Whether the run is new, goes on, or replaces what is there. A new run is new: what an earlier one left in its place is
 * neither replaced nor taken up without a word.
 *
 * @throws UserError that says what lies at `--out` and which ways there are
 */
export function chooseStart(spec: ResolvedSpec, { resume, force }: StartFlags): LocalStart {
  if (resume && force)
    throw new UserError('give --resume to go on from a checkpoint, or --force to start anew, not both');
  const folder = fileURLToPath(spec.output.uri);
  if (existsSync(folder)) refuse(folder, spec, { resume, force });
  return resume ? 'required' : force ? 'discard' : 'never';
}

function refuse(folder: string, spec: ResolvedSpec, { resume, force }: StartFlags): void {
  if (!statSync(folder).isDirectory())
    throw new UserError(`--out ${folder} is a file; name a folder for the result`);
  const names = readdirSync(folder);
  if (names.length === 0) return;
  refuseInputs(folder, spec);
  if (force) return;
  const result = describeResult(folder, names);
  if (result === undefined) {
    const more = names.length > SHOWN_NAMES ? `, and ${names.length - SHOWN_NAMES} more` : '';
    throw new UserError(
      `--out ${folder} holds other files (${names.slice(0, SHOWN_NAMES).map(printable).join(', ')}${more}): choose another folder, or add --force to replace all of them`,
    );
  }
  const checkpoints = localCheckpoints(spec);
  const beside = checkpoints === `${folder}-checkpoints`;
  if (resume && beside) return;
  const goOn =
    beside && existsSync(checkpoints) ? `--resume to go on from the checkpoints in ${checkpoints}, ` : '';
  throw new UserError(
    `--out ${folder} holds ${result}: choose another folder, ${goOn === '' ? 'or ' : ''}add ${goOn}${goOn === '' ? '' : 'or '}--force to replace it when the new run is done (its checkpoints are removed at once)`,
  );
}

/** The folder is replaced as a whole: neither what the run reads nor the working directory may be in it. */
function refuseInputs(folder: string, { model, dataset }: ResolvedSpec): void {
  const inputs = [model.source, ...dataset.sources.map(({ uri }) => uri)]
    .filter((uri) => uri.startsWith('file://'))
    .map((uri) => fileURLToPath(uri.replace(/#.*$/, '')));
  const lost = [...inputs, process.cwd()].find((path) => isWithin(folder, path));
  if (lost !== undefined)
    throw new UserError(
      `--out ${folder} would be replaced as a whole, and ${lost === process.cwd() ? 'the working directory' : lost} is in it; choose another folder`,
    );
}

function isWithin(folder: string, path: string): boolean {
  const steps = relative(real(folder), real(path));
  return steps === '' || (steps !== '..' && !steps.startsWith(`..${sep}`) && steps !== resolve(steps));
}

/** The path without links, as far as it exists. */
function real(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const parent = dirname(path);
  return parent === path ? path : join(real(parent), path.slice(parent.length + 1));
}

function localCheckpoints({ training }: ResolvedSpec): string | undefined {
  const { uri } = training.checkpoint;
  return uri.startsWith('file://') ? fileURLToPath(uri).replace(/\/+$/, '') : undefined;
}

/** What is read of `training.json`, and of `adapter_config.json`. */
interface ResultFields {
  readonly finishedAt?: unknown;
  readonly steps?: unknown;
  readonly method?: unknown;
  readonly base?: { readonly name?: unknown } | null;
  readonly base_model_name_or_path?: unknown;
}

/** An earlier result in words; undefined where the folder holds none. */
function describeResult(folder: string, names: readonly string[]): string | undefined {
  const isAdapter = names.includes('adapter_config.json');
  if (!isAdapter && !names.includes('data_report.json')) return undefined;
  const record = readJson(join(folder, 'training.json'));
  const config = readJson(join(folder, 'adapter_config.json'));
  const base = text(record?.base?.name) ?? text(config?.base_model_name_or_path);
  const steps = typeof record?.steps === 'number' ? record.steps : undefined;
  const finished = text(record?.finishedAt) ?? statSync(folder).mtime.toISOString();
  return [
    isAdapter ? 'an adapter' : 'a tuned model',
    base === undefined ? '' : ` of ${base}`,
    typeof record?.method === 'string' ? ` by ${printable(record.method)}` : '',
    steps === undefined ? '' : `, trained ${steps} steps`,
    `, written ${printable(finished).slice(0, 16).replace('T', ' ')}`,
  ].join('');
}

function readJson(file: string): ResultFields | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

const text = (value: unknown) => (typeof value === 'string' && value !== '' ? printable(value) : undefined);

/** Names come from files of others: nothing in them may steer the terminal. */
function printable(name: string): string {
  const visible = name.replace(/\p{C}/gu, '?');
  return visible.length > 200 ? `${visible.slice(0, 199)}…` : visible;
}
