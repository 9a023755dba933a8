import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import path from 'node:path';
import { accessSync, constants } from 'node:fs';
import { processStartTime } from './process-table.js';

export interface ContainerCommand {
  command: string[];
  env: Record<string, string>;
  workingDir: string;
  /** Folder of this attempt: log, exit and process files go there. */
  folder: string;
  /** What becomes of the process when the agent is killed. */
  orphans: OrphanPolicy;
}

/** `adopt`: it goes on, and the next agent with the same folder follows it; `end`: it is killed with its group. */
export type OrphanPolicy = 'adopt' | 'end';

export interface ContainerExit {
  /** 0 to 255; 128 + signal when a signal ended it. */
  code: number;
  reason: 'Completed' | 'Error' | 'OOMKilled' | 'StartError';
  message?: string;
}

/**
 * Runs its arguments as a child and leaves the exit code in the file `$0`, so that an agent that was restarted learns
 * it. The empty traps keep the shell alive while the signal goes to the child, which gets the default handlers.
 */
const shim = 'trap : TERM INT HUP; "$@"; code=$?; echo "$code" >"$0.tmp" && mv "$0.tmp" "$0"; exit "$code"';
/**
 * Before the shim, for processes that end with their agent: the operating system closes descriptor 3 when the agent is gone,
 * however it ended. Signals to the group are not for the one that waits.
 */
const watch =
  '(trap "" TERM INT HUP; read -r _ <&3; kill -s KILL -- "-$$") & watch=$!; ' +
  'trap "kill -s KILL $watch" EXIT; exec 3<&-; ';
const adoptedPollMilliseconds = 200;

/** A running (or ended) process group of one container attempt. */
export class ContainerProcess {
  /** Resolves once, when the process has ended. */
  readonly ended: Promise<ContainerExit>;
  private outOfMemory = false;
  private over = false;

  private constructor(
    /** Leader of the process group. */
    readonly pid: number,
    readonly folder: string,
    /** Milliseconds since the epoch. */
    readonly startedAt: number,
    wait: () => Promise<number>,
  ) {
    this.ended = wait().then((code) => {
      this.over = true;
      if (this.outOfMemory) return { code: 137, reason: 'OOMKilled' as const };
      return { code, reason: code === 0 ? ('Completed' as const) : ('Error' as const) };
    });
  }

  /** Starts a process; a command that cannot be started gives an exit at once, as container runtimes do. */
  static start(what: ContainerCommand): ContainerProcess | ContainerExit {
    const [program = ''] = what.command;
    if (!findProgram(program, what.env['PATH'] ?? '', what.workingDir)) {
      const message = `failed to start container: exec: "${program}": executable file not found in $PATH`;
      return { code: 127, reason: 'StartError', message };
    }
    mkdirSync(what.folder, { recursive: true, mode: 0o700 });
    const log = openSync(path.join(what.folder, 'log'), 'a', 0o600);
    try {
      const ends = what.orphans === 'end';
      const child = spawn(
        '/bin/sh',
        ['-c', ends ? watch + shim : shim, path.join(what.folder, 'exit'), ...what.command],
        {
          cwd: what.workingDir,
          env: what.env,
          stdio: ['ignore', log, log, ...(ends ? (['pipe'] as const) : [])],
          detached: true,
        },
      );
      const life = child.stdio[3];
      if (life instanceof Socket) life.on('error', () => undefined).unref();
      const { pid } = child;
      const ended = new Promise<number>((resolve) => {
        child.once('error', () => resolve(128));
        child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === 'SIGTERM' ? 15 : 9)));
      });
      if (pid === undefined)
        return { code: 128, reason: 'StartError', message: `cannot start ${program} in ${what.workingDir}` };
      const startedAt = Date.now();
      writeFileSync(
        path.join(what.folder, 'process'),
        JSON.stringify({ pid, start: processStartTime(pid), startedAt }),
        { mode: 0o600 },
      );
      return new ContainerProcess(pid, what.folder, startedAt, () => ended);
    } finally {
      closeSync(log);
    }
  }

  /** Finds the process of an attempt that an earlier agent started; undefined when none was started there. */
  static adopt(folder: string): ContainerProcess | undefined {
    const file = path.join(folder, 'process');
    if (!existsSync(file)) return undefined;
    const noted: { pid: number; start: string; startedAt: number } = JSON.parse(readFileSync(file, 'utf8'));
    const { pid, start, startedAt } = noted;
    const lives = (): boolean => start !== '' && processStartTime(pid) === start;
    const wait = async (): Promise<number> => {
      while (lives()) {
        await new Promise<void>((resolve) => {
          setTimeout(resolve, adoptedPollMilliseconds);
        });
      }
      const exit = path.join(folder, 'exit');
      return existsSync(exit) ? Number(readFileSync(exit, 'utf8').trim()) : 137;
    };
    return new ContainerProcess(pid, folder, startedAt, wait);
  }

  /** Sends a signal to every process of the group. */
  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (this.over) return;
    try {
      process.kill(-this.pid, signal);
    } catch {
      // The group is already gone.
    }
  }

  killForMemory(): void {
    this.outOfMemory = true;
    this.signal('SIGKILL');
  }
}

function findProgram(program: string, searchPath: string, workingDir: string): boolean {
  if (!program) return false;
  const candidates = program.includes('/')
    ? [path.resolve(workingDir, program)]
    : searchPath.split(':').map((folder) => path.join(folder || '.', program));
  return candidates.some((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
