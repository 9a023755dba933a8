import { createHash } from 'node:crypto';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { REPOSITORY } from '../support/repository.js';
import { until } from './controller/cluster.js';
import { runNode } from '../support/run-command.js';

const PROGRAM = join(REPOSITORY, 'deploy/quickstart/dist/main.js');
const ADAPTER = join(REPOSITORY, '.cache/quickstart/output/support-desk/adapter_model.safetensors');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tuneyard-e2e-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Figures {
  readonly steps: number;
  readonly evaluation: readonly { metric: string; base?: number; tuned: number; examples: number }[];
}

const adapterDigest = (): string => createHash('sha256').update(readFileSync(ADAPTER)).digest('hex');

it('runs the example job from apply to adapter and tunes what the base model does not know', async () => {
  const json = join(folder, 'figures.json');
  const result = await runNode(PROGRAM, '--json', json);
  expect(result.stderr + result.stdout).toContain('job is Complete');
  expect(result.code).toBe(0);

  const { evaluation } = JSON.parse(readFileSync(json, 'utf8')) as Figures;
  const exactMatch = evaluation.find(({ metric }) => metric === 'exactMatch');
  expect(exactMatch?.base).toBeLessThan(0.1);
  expect(exactMatch?.tuned).toBeGreaterThan(0.9);
  expect(exactMatch?.examples).toBeGreaterThanOrEqual(20);
  expect(result.stdout).toMatch(/Held-out test split +base +tuned/);
  for (const command of ['kubectl --kubeconfig', '/metrics', 'tuneyard logs -f']) {
    expect(result.stdout).toContain(command);
  }
}, 240_000);

it('ends with the same bits when a worker is killed, and says how to start a killed controller again', async () => {
  const undisturbed = adapterDigest();
  const child = spawn(process.execPath, [PROGRAM, '--keep'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let banner = '';
  child.stdout.on('data', (part: Buffer) => (banner += part.toString()));
  let output = '';
  let victim: number | undefined;
  child.stderr.on('data', (part: Buffer) => {
    output += part.toString();
    if (victim === undefined && output.includes('\nstep')) {
      victim = trainersOf(child)[0];
      if (victim !== undefined) process.kill(victim, 'SIGKILL');
    }
  });
  const says = (text: RegExp) =>
    until(`it says ${text.source}`, async () => text.exec(output) ?? undefined, 200_000);
  await says(/stays up/);
  expect(victim).toBeDefined();
  expect(output).toContain('job is Complete');
  expect(adapterDigest()).toBe(undisturbed);

  process.kill(Number(/kill -9 (\d+)/.exec(banner)?.[1]), 'SIGKILL');
  const [, command = ''] = await says(/the controller ended \(SIGKILL;.*\n {2}(node .*)\n/);
  expect(banner).toContain(command);
  const again = spawn('bash', ['-c', `exec ${command}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(again.stdout, 'data')) as [Buffer];
  const address = /--metrics-address (\S+)/.exec(command)?.[1] ?? '';
  await until('the metrics are where they were', async () => {
    const answer = await fetch(`http://${address}/metrics`).catch(() => undefined);
    return answer?.ok === true || undefined;
  });
  expect(line.toString()).toContain('{');
  const ended = once(again, 'exit');
  again.kill('SIGTERM');
  await ended;
  child.kill('SIGTERM');
  await once(child, 'exit');
}, 240_000);

/** Ids of the trainer processes below a process. */
function trainersOf({ pid }: ChildProcess): number[] {
  const parents = new Map<number, { parent: number; command: string }>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      // The name in parentheses may hold spaces; the parent is the second field after it.
      const parent = Number(readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1]);
      parents.set(Number(name), { parent, command: readFileSync(`/proc/${name}/cmdline`, 'utf8') });
    } catch {
      // It ended meanwhile.
    }
  }
  const isBelow = (id: number): boolean => {
    const parent = parents.get(id)?.parent;
    return parent !== undefined && (parent === pid || isBelow(parent));
  };
  return [...parents]
    .filter(([id, { command }]) => command.includes('tuneyard-trainer\0worker') && isBelow(id))
    .map(([id]) => id);
}
