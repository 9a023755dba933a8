import { execFile } from 'node:child_process';
import { expect } from 'vitest';
import { stringify } from 'yaml';
import { PATIENCE_MS, type TestCluster } from './test-cluster.js';

export interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The machine's kubectl in the namespace of a test file. */
export class Kubectl {
  constructor(private readonly cluster: TestCluster) {}

  get environment(): NodeJS.ProcessEnv {
    const { kubeconfig, folder } = this.cluster;
    return { ...process.env, KUBECONFIG: kubeconfig, HOME: folder, NO_COLOR: '1' };
  }

  /** Words of a command line; single quotes keep words together. */
  words(line: string): string[] {
    const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
    return ['--namespace', this.cluster.namespace, ...words];
  }

  /** Runs a command; `input` (an object, or text) goes to its standard input. */
  run(line: string, input?: unknown, environment: NodeJS.ProcessEnv = {}): Promise<Result> {
    return new Promise((resolve) => {
      const child = execFile(
        'kubectl',
        this.words(line),
        { env: { ...this.environment, ...environment }, timeout: PATIENCE_MS + 10_000 },
        (error, out, err) => resolve({ code: error ? Number(error.code ?? 1) : 0, out, err }),
      );
      child.stdin?.end(typeof input === 'string' ? input : stringify(input));
    });
  }

  /** As run, and it must succeed; returns its output. */
  async ok(line: string, input?: unknown, environment?: NodeJS.ProcessEnv): Promise<string> {
    const result = await this.run(line, input, environment);
    expect(result.code, `kubectl ${line}\n${result.err}`).toBe(0);
    return result.out;
  }
}
