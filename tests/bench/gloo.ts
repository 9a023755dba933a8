import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPython } from './python-process.js';

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
    return startPython('Gloo', python, args, { OMP_NUM_THREADS: '1', GLOO_SOCKET_IFNAME: 'lo' });
  });
  const end = (): void => {
    for (const rank of ranks) rank.end();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const [first] = await Promise.all(ranks.map(({ answer }) => answer<{ version: string }>()));
    return {
      version: first?.version ?? '',
      sum: () => Promise.all(ranks.map(({ ask }) => ask<GlooAnswer>('sum'))),
      end,
    };
  } catch (error) {
    end();
    throw error;
  }
}
