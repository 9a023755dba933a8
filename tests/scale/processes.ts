import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../support/repository.js';

/** Starts the local API server as a process of its own, without a binder; resolves when it answers. */
export async function startApiServer(kubeconfig: string): Promise<ChildProcess> {
  const program = join(REPOSITORY, 'deploy/local/bin/tuneyard-apiserver.js');
  const server = spawn(process.execPath, [program, '--kubeconfig', kubeconfig, '--no-binder'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(server, 'exit').then(([code]) => {
    throw new Error(`the API server ended with ${code}`);
  });
  exited.catch(() => undefined);
  await Promise.race([once(server.stdout, 'data'), exited]);
  return server;
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

/** Most memory that a process has held so far, in MiB. */
export function peakResidentMiB(pid: number): number {
  const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? 0) / 1024;
}

/** Processor time of a process so far, in seconds. */
export function processorSeconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
