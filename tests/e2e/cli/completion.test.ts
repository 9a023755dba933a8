import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REPOSITORY } from '../../support/repository.js';
import { tuneyard } from '../../support/run-command.js';
import { jobObject, startCluster, type Cluster } from '../controller/cluster.js';
import { JOBS } from '../controller/kinds.js';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster();
  for (const name of ['contracts', 'letters']) await cluster.client.create(JOBS, jobObject(name));
});
afterAll(() => cluster.close());

/** With `tuneyard` on the PATH and the cluster as the one of the shell; the cluster runs in this process. */
async function run(program: string, args: readonly string[], input: string): Promise<string> {
  const PATH = `${join(REPOSITORY, 'node_modules/.bin')}:${process.env['PATH']}`;
  const env = { ...process.env, KUBECONFIG: cluster.kubeconfig, PATH };
  const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(input);
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')]);
  expect(child.exitCode).toBe(0);
  return output;
}

describe('tuneyard completion bash', () => {
  it.each([
    [['sus'], 'suspend'],
    [['resize', '--ma'], '--max'],
    [['suspend', 'l'], 'letters'],
    [['watch', 'c'], 'contracts'],
    [['validate', '--gpu'], '--gpu-memory'],
  ])('completes %j to %s', async (words, expected) => {
    const { stdout } = await tuneyard('completion', 'bash');
    const typed = `COMP_WORDS=(tuneyard ${words.join(' ')}); COMP_CWORD=${words.length}; _tuneyard`;
    expect(await run('bash', ['-s'], `${stdout}\n${typed}; echo "\${COMPREPLY[@]}"`)).toBe(`${expected}\n`);
  });
});

describe('tuneyard completion kubectl', () => {
  const complete = async (...words: string[]) => {
    const { stdout } = await tuneyard('completion', 'kubectl');
    const output = await run('sh', ['-s', '--', ...words], stdout);
    return output.trimEnd().split('\n');
  };

  it('answers as kubectl asks: candidates, then whether files are some as well', async () => {
    const commands = await complete('su');
    expect(commands).toContain('suspend\twrite a checkpoint and give the GPUs of a job back');
    expect(commands.at(-1)).toBe(':4');
    expect(await complete('suspend', '')).toEqual(['contracts', 'letters', ':4']);
    expect(await complete('resize', 'letters', '--m')).toEqual(
      expect.arrayContaining(['--max', '--min', ':4']) as string[],
    );
    expect(await complete('validate', 'job')).toEqual([':0']);
  });
});

describe('every shell', () => {
  it.each(['bash', 'zsh', 'fish', 'kubectl'])('%s is told every command', async (shell) => {
    const { stdout } = await tuneyard('completion', shell);
    const { stdout: help } = await tuneyard('--help');
    const commands = [...help.matchAll(/^ {2}([a-z]+) /gm)].map(([, name = '']) => name);
    expect(commands).toContain('watch');
    for (const command of commands.filter((name) => name !== 'help')) expect(stdout).toContain(command);
  });
});
