import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../errors.js';
import { words } from './words/index.js';

/**
 * Starts the trainer as a process of its own: controller and trainer share the wire contract and no code.
 * `TUNEYARD_TRAINER` names another program to run.
 */
export function spawnTrainer(args: readonly string[], options: SpawnOptions): ChildProcess {
  const program = process.env['TUNEYARD_TRAINER'] ?? installedProgram();
  return spawn(program, args, options);
}

/** Runs one trainer command on this terminal; resolves with its exit code. */
export function runTrainer(args: readonly string[]): Promise<number> {
  const child = spawnTrainer(args, {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    // Its help and complaints are those of the command that was typed.
    env: { ...process.env, TUNEYARD_PROGRAM: 'tuneyard' },
  });
  // The trainer decides what Ctrl-C means, which the terminal sends to both; other signals are for this process alone.
  const leave = (): void => undefined;
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGINT', leave).on('SIGTERM', pass).on('SIGHUP', pass);
  return new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      resolve(code ?? 128 + (constants.signals[signal ?? 'SIGTERM'] ?? 0)),
    );
  }).finally(() => process.off('SIGINT', leave).off('SIGTERM', pass).off('SIGHUP', pass));
}

/** `node_modules/.bin/tuneyard-trainer`, beside this package or above it. */
function installedProgram(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const candidate = join(folder, 'node_modules', '.bin', 'tuneyard-trainer');
    if (existsSync(candidate)) return candidate;
    const parent = dirname(folder);
    if (parent === folder) break;
    folder = parent;
  }
  throw new UserError(words().programs.notInstalled('tuneyard-trainer'));
}
