import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { REPOSITORY } from '../support/repository.js';
import { writeTinyModel } from '../support/tiny-model.js';

const TUNEYARD = join(REPOSITORY, 'controller/bin/tuneyard.js');

let folder: string;
let temporary: string;
let arguments_: readonly string[];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tuneyard-e2e-'));
  temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  const model = writeTinyModel(join(folder, 'model'));
  const data = join(folder, 'data.jsonl');
  const rows = Array.from({ length: 40 }, (_, i) => ({
    question: `code of part ${i}?`,
    answer: `P-${i * 7}`,
  }));
  writeFileSync(data, rows.map((row) => JSON.stringify(row)).join('\n'));
  const settings = [
    '--set',
    'training.steps=100000',
    '--set',
    'dataset.split={"train":1,"validation":0,"test":0}',
  ];
  arguments_ = ['train', '--model', model, '--data', data, '--workers', '2', ...settings];
});
const started: ChildProcess[] = [];
afterEach(() => started.splice(0).forEach((child) => child.kill('SIGKILL')));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  readonly child: ChildProcess;
  readonly told: () => string;
}

async function training(out: string): Promise<Run> {
  const child = spawn(process.execPath, [TUNEYARD, ...arguments_, '--out', join(folder, out)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: temporary },
  });
  started.push(child);
  let text = '';
  child.stderr?.on('data', (piece: Buffer) => (text += piece.toString()));
  await until(
    () => /step +\d+\/100000/.test(text),
    () => text,
  );
  return { child, told: () => text };
}

async function until(holds: () => boolean, what: () => string): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`waited in vain: ${what()}`);
    await delay(20);
  }
}

/** Processes whose command line names the folder of this test, or that have its temporary folder. */
function workersHere(): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return (
        command.split('\0').includes('worker') &&
        readFileSync(`/proc/${pid}/environ`, 'utf8').includes(temporary)
      );
    } catch {
      return false;
    }
  });
}

describe.runIf(process.platform === 'linux')('the workers of tuneyard train', () => {
  it('end when it is killed, and the next run removes what it left', async () => {
    const { child } = await training('killed');
    expect(workersHere()).toHaveLength(2);
    child.kill('SIGKILL');
    await until(
      () => workersHere().length === 0,
      () => `${workersHere().join()} still run`,
    );
    const [left] = readdirSync(temporary);
    expect(left).toMatch(/^tuneyard-train-/);

    const next = await training('next');
    expect(readdirSync(temporary)).not.toContain(left);
    next.child.kill('SIGTERM');
    await once(next.child, 'exit');
    expect(readdirSync(temporary)).toEqual([]);
  }, 180_000);

  it('end when nobody reads what it says', async () => {
    const { child } = await training('piped');
    child.stderr?.destroy();
    child.stdout?.destroy();
    await until(
      () => workersHere().length === 0,
      () => `${workersHere().join()} still run`,
    );
    await until(
      () => readdirSync(temporary).length === 0,
      () => readdirSync(temporary).join(),
    );
  }, 180_000);

  it.each(['SIGINT', 'SIGHUP'] as const)(
    'keep a checkpoint at %s, and say how to go on',
    async (signal) => {
      const { child, told } = await training(signal);
      child.kill(signal);
      const [code] = (await once(child, 'exit')) as [number];
      expect(code).toBe(130);
      const kept =
        /the checkpoint of step \d+\/100000 is kept in (.*)\. Go on with:\n  npx tuneyard train --model /;
      const [, place = ''] = kept.exec(told()) ?? [];
      expect(place.startsWith(join(folder, `${signal}-checkpoints`)), told()).toBe(true);
      expect(readdirSync(place)).not.toEqual([]);
      expect(told().trimEnd()).toMatch(/--resume$/);
      expect(workersHere()).toEqual([]);
    },
    180_000,
  );
});
