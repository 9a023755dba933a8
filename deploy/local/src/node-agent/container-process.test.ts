import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ContainerProcess, type ContainerCommand, type OrphanPolicy } from './container-process.js';

const COMPILED = new URL('../../dist/node-agent/container-process.js', import.meta.url).href;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tuneyard-container-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const commandOf = (script: string, orphans: OrphanPolicy): ContainerCommand => ({
  command: ['/bin/sh', '-c', script],
  env: { PATH: process.env['PATH'] ?? '' },
  workingDir: folder,
  folder,
  orphans,
});

async function until(holds: () => boolean): Promise<void> {
  for (const deadline = performance.now() + 20_000; !holds(); await delay(10))
    if (performance.now() > deadline) throw new Error('waited in vain');
}

/** Starts the process from an agent that is then killed; resolves with the leader of its group. */
async function orphan(orphans: OrphanPolicy): Promise<number> {
  const what = commandOf('trap "" TERM; echo up >>up; while :; do sleep 0.05; done', orphans);
  const script = `import { ContainerProcess } from ${JSON.stringify(COMPILED)};
    ContainerProcess.start(${JSON.stringify(what)});
    setInterval(() => undefined, 1000);`;
  const agent = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
  await until(() => existsSync(join(folder, 'up')) && existsSync(join(folder, 'process')));
  agent.kill('SIGKILL');
  await once(agent, 'exit');
  const { pid } = JSON.parse(readFileSync(join(folder, 'process'), 'utf8')) as { pid: number };
  return pid;
}

const groupLives = (pid: number): boolean => {
  try {
    process.kill(-pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('the process of a container', () => {
  it('ends with an agent that is killed, where it is told so', async () => {
    const pid = await orphan('end');
    await until(() => !groupLives(pid));
  });

  it('outlives an agent that is killed otherwise', async () => {
    const pid = await orphan('adopt');
    expect(groupLives(pid)).toBe(true);
    ContainerProcess.adopt(folder)?.signal('SIGKILL');
    await until(() => !groupLives(pid));
  });

  it.each(['adopt', 'end'] as const)('has the exit code of its command, orphans: %s', async (orphans) => {
    const started = ContainerProcess.start(commandOf('exit 7', orphans));
    if (!(started instanceof ContainerProcess)) throw new Error('it was not started');
    expect(await started.ended).toEqual({ code: 7, reason: 'Error' });
    await until(() => !groupLives(started.pid));
  });

  it('may handle the signal that ends it, orphans: end', async () => {
    const script = 'trap "exit 3" TERM; echo up >up; while :; do sleep 0.05; done';
    const started = ContainerProcess.start(commandOf(script, 'end'));
    if (!(started instanceof ContainerProcess)) throw new Error('it was not started');
    await until(() => existsSync(join(folder, 'up')));
    started.signal('SIGTERM');
    expect((await started.ended).code).toBe(3);
  });
});
