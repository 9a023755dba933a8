import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPython } from './python-process.js';

/** The repository's own files, from the compiled file in tests/dist/bench. */
const here = fileURLToPath(new URL('../../bench', import.meta.url));
const environment = fileURLToPath(new URL('../../../.cache/peft-baseline', import.meta.url));
const INSTALL_TIMEOUT_MS = 600_000;

export type Python = { readonly python: string } | { readonly missing: string };

/**
 * A Python with torch, peft and transformers: `given`, or a virtual environment under .cache that is made from
 * requirements.txt when pip can get them. Otherwise the reason why there is none.
 */
export function peftPython(given: string | undefined): Python {
  if (given !== undefined) return importable(given);
  const python = path.join(environment, 'bin', 'python');
  const wanted = readFileSync(path.join(here, 'requirements.txt'), 'utf8');
  const stamp = path.join(environment, 'requirements.txt');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return importable(python);
  console.log(`installing ${wanted.trim().split('\n').join(', ')} into ${environment}`);
  mkdirSync(environment, { recursive: true });
  const steps = [
    ['python3', '-m', 'venv', '--clear', environment],
    [python, '-m', 'pip', 'install', '--quiet', '--retries', '1', '-r', path.join(here, 'requirements.txt')],
  ];
  for (const [command = '', ...args] of steps) {
    const { status, stderr, error } = spawnSync(command, args, {
      encoding: 'utf8',
      timeout: INSTALL_TIMEOUT_MS,
    });
    if (error) return { missing: `${command} does not run: ${error.message}` };
    if (status !== 0) return { missing: lastLine(stderr, 'ERROR') };
  }
  writeFileSync(stamp, wanted);
  return importable(python);
}

function importable(python: string): Python {
  const { status, stderr, error } = spawnSync(python, ['-c', 'import torch, transformers, peft'], {
    encoding: 'utf8',
  });
  if (error) return { missing: `${python} does not run: ${error.message}` };
  return status === 0 ? { python } : { missing: lastLine(stderr, '') };
}

function lastLine(text: string, marker: string): string {
  const lines = text.trim().split('\n');
  return lines.findLast((line) => line.includes(marker)) ?? lines.at(-1) ?? 'it failed without a message';
}

export interface PeftStep {
  readonly wall: number;
  readonly processor: number;
  readonly loss: number;
  readonly peakMiB: number;
}

/** The PyTorch process; it waits while it is not asked for a step. */
export interface PeftBaseline {
  readonly versions: string;
  readonly parameters: number;
  step(): Promise<PeftStep>;
  end(): void;
}

/** Starts peft_baseline.py. `args`: folder, method, batch, length, LoRA rank, threads. */
export async function startPeft(python: string, args: readonly string[]): Promise<PeftBaseline> {
  const threads = args.at(-1) ?? '1';
  const script = path.join(here, 'peft_baseline.py');
  const { answer, ask, end } = startPython('PyTorch', python, [script, ...args], {
    OMP_NUM_THREADS: threads,
    MKL_NUM_THREADS: threads,
    HF_HUB_OFFLINE: '1',
  });
  const { versions, parameters } = await answer<{ versions: string; parameters: number }>();
  return { versions, parameters, step: () => ask<PeftStep>('step'), end };
}
