import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../../bench/gloo_baseline.py', import.meta.url));

export interface GlooAnswer {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** PyTorch processes that sum with Gloo; they wait while they are not asked. */
export interface Gloo {
  readonly version: string;
  /** One all-reduce; an answer of each rank. */
  sum(): Promise<GlooAnswer[]>;
  end(): void;
}

/** @throws Error when a process ends early */
export async function startGloo(python: string, size: number, elements: number): Promise<Gloo> {
  const folder = mkdtempSync(path.join(tmpdir(), 'tuneyard-gloo-'));
  const ranks = Array.from({ length: size }, (_, rank) => {
    const args = [script, `${rank}`, `${size}`, `${elements}`, path.join(folder, 'store')];
    const child = spawn(python, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, OMP_NUM_THREADS: '1', GLOO_SOCKET_IFNAME: 'lo' },
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async <Answer>(): Promise<Answer> => {
      const line = await lines.next();
      if (line.done === true) throw new Error('a Gloo process ended early; see its messages above');
      const answer: Answer = JSON.parse(line.value);
      return answer;
    };
    return { child, next };
  });
  const end = (): void => {
    for (const { child } of ranks) child.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const [first] = await Promise.all(ranks.map(({ next }) => next<{ version: string }>()));
    return {
      version: first?.version ?? '',
      sum: () => {
        for (const { child } of ranks) child.stdin.write('sum\n');
        return Promise.all(ranks.map(({ next }) => next<GlooAnswer>()));
      },
      end,
    };
  } catch (error) {
    end();
    throw error;
  }
}
