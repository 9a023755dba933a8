import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { REPOSITORY } from './repository.js';

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `tuneyard …` to its end. */
export function tuneyard(...args: string[]): Promise<CommandResult> {
  return runNode(join(REPOSITORY, 'controller/bin/tuneyard.js'), ...args);
}

/** Runs `tuneyard …` with a text as its standard input. */
export function tuneyardReading(input: string, ...args: string[]): Promise<CommandResult> {
  return run([join(REPOSITORY, 'controller/bin/tuneyard.js'), ...args], input);
}

export function runNode(script: string, ...args: string[]): Promise<CommandResult> {
  return run([script, ...args], '');
}

async function run(args: readonly string[], input: string): Promise<CommandResult> {
  const child = spawn(process.execPath, args, { stdio: 'pipe' });
  // A program that does not read its input may have ended before it is written.
  child.stdin.on('error', () => undefined).end(input);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code: child.exitCode, stdout, stderr };
}
