import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import type { JobRef } from '@tuneyard/proto';
import { spawnTrainer } from '../trainer-program.js';
import { words } from '../words/index.js';

/** How long a worker may take to write its checkpoint after SIGTERM. */
const GRACE_MS = 20_000;

export interface LocalWorkersOptions {
  readonly count: number;
  readonly coordinatorAddress: string;
  readonly job: JobRef;
  readonly token: string;
  /** Folder for one log file a worker. */
  readonly logFolder: string;
  /** The first worker measures its memory and writes a report to this file. */
  readonly memoryReport?: string | undefined;
}

export interface WorkerExit {
  readonly memberId: string;
  /** The exit code; 128 when a signal ended it. */
  readonly code: number;
  /** The last lines of its log. */
  readonly lastLines: string;
}

/** The trainer processes of one local job. */
export class LocalWorkers {
  private readonly children: { memberId: string; process: ChildProcess; log: string }[] = [];

  constructor(options: LocalWorkersOptions) {
    for (let index = 0; index < options.count; index++) {
      const memberId = `worker-${index}`;
      const log = join(options.logFolder, `${memberId}.log`);
      const file = openSync(log, 'w', 0o600);
      const child = spawnTrainer(['worker'], {
        // They end when the channel closes: with this process, however it ends.
        stdio: ['ignore', file, file, 'ipc'],
        // Ctrl-C and a closed terminal are this process's to answer; the workers are told by it.
        detached: true,
        env: {
          ...process.env,
          TUNEYARD_COORDINATOR: options.coordinatorAddress,
          TUNEYARD_JOB_NAMESPACE: options.job.namespace,
          TUNEYARD_JOB_NAME: options.job.name,
          TUNEYARD_JOB_UID: options.job.uid,
          TUNEYARD_TOKEN: options.token,
          TUNEYARD_MEMBER_ID: memberId,
          TUNEYARD_POD_IP: '127.0.0.1',
          // What a worker leaves when it is killed goes with the folder of the logs.
          TMPDIR: options.logFolder,
          ...(index === 0 && options.memoryReport ? { TUNEYARD_MEMORY_REPORT: options.memoryReport } : {}),
        },
      });
      closeSync(file);
      this.children.push({ memberId, process: child, log });
    }
  }

  /** Resolves when all of them have ended. */
  async ended(): Promise<WorkerExit[]> {
    await Promise.all(this.children.map(({ process }) => exitOf(process)));
    return this.children.map(({ memberId, process, log }) => ({
      memberId,
      code: process.exitCode ?? 128,
      lastLines: tail(log),
    }));
  }

  /** What the workers warned of, in order, each once. */
  warnings(): readonly string[] {
    return [...new Set(this.children.flatMap(({ log }) => warningsIn(readFileSync(log, 'utf8'))))];
  }

  /** The step of the checkpoint that the first worker went on from; undefined while it said nothing of one. */
  resumedStep(): number | undefined {
    const log = this.children[0]?.log;
    const line = log === undefined ? undefined : RESUMED.exec(readFileSync(log, 'utf8'));
    return line?.[1] === undefined ? undefined : Number(line[1]);
  }

  /** What the first worker does before it trains, in words. */
  phase(): string | undefined {
    const log = this.children[0]?.log;
    return log === undefined ? undefined : phaseIn(readFileSync(log, 'utf8'));
  }

  /** Ends what still runs at once. */
  kill(): void {
    for (const { process } of this.children) process.kill('SIGKILL');
  }

  /** Ends what still runs: SIGTERM, and SIGKILL for those that do not follow in time. */
  async stop(): Promise<void> {
    const running = this.children.filter(({ process }) => process.exitCode === null && !process.signalCode);
    for (const { process } of running) process.kill('SIGTERM');
    const deadline = setTimeout(() => {
      for (const { process } of running) process.kill('SIGKILL');
    }, GRACE_MS);
    await Promise.all(running.map(({ process }) => exitOf(process)));
    clearTimeout(deadline);
  }
}

/** Log level of a warning, and no error, in pino's lines. */
const WARNING = 40;

/** The trainer's line about a checkpoint that it loaded. */
const RESUMED = /"step":(\d+),"msg":"resumed from checkpoint"/;

function warningsIn(log: string): string[] {
  return log.split('\n').flatMap((line) => {
    if (!line.includes(`"level":${WARNING}`)) return [];
    try {
      const { level, msg } = JSON.parse(line) as { level?: unknown; msg?: unknown };
      return level === WARNING && typeof msg === 'string' ? [msg] : [];
    } catch {
      return [];
    }
  });
}

/** Lines that say what a worker does have a field `phase`; of a transfer, the text tells how far it is. */
function phaseIn(log: string): string | undefined {
  const line = log.split('\n').findLast((text) => text.includes('"phase":"'));
  if (line === undefined) return undefined;
  try {
    const { phase, msg } = JSON.parse(line) as { phase?: string; msg?: string };
    if (phase === 'fetch' && msg !== undefined) return msg;
    const { phases } = words().progress;
    return phase !== undefined && Object.hasOwn(phases, phase)
      ? phases[phase as keyof typeof phases]
      : undefined;
  } catch {
    return undefined;
  }
}

async function exitOf(process: ChildProcess): Promise<void> {
  if (process.exitCode === null && process.signalCode === null) await once(process, 'exit');
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-5).join('\n');
}
