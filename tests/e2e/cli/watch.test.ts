import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { REPOSITORY } from '../../support/repository.js';
import { jobObject, startCluster, until, type Cluster } from '../controller/cluster.js';
import { EVENTS, JOBS } from '../controller/kinds.js';

const PROGRAM = join(REPOSITORY, 'controller/bin/tuneyard.js');

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.close());

const condition = (type: string, message = '') => ({
  type,
  status: 'True',
  reason: type,
  message,
  lastTransitionTime: '2026-01-01T00:00:00Z',
});
const setStatus = (name: string, status: object) =>
  cluster.client.mergePatch(JOBS, { name, namespace: 'default' }, { status }, { subresource: 'status' });

/** A running `tuneyard watch` and what it has written. */
class Watching {
  output = '';
  private constructor(readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (part: Buffer) => (this.output += part.toString()));
  }

  static plain(...args: string[]): Watching {
    const all = [PROGRAM, 'watch', ...args, '--kubeconfig', cluster.kubeconfig];
    return new Watching(spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  /** On a terminal of 100 columns and 30 rows, made by script(1). */
  static onTerminal(...args: string[]): Watching {
    const command = [process.execPath, PROGRAM, 'watch', ...args, '--kubeconfig', cluster.kubeconfig].join(
      ' ',
    );
    const sized = `stty rows 30 cols 100; exec ${command}`;
    return new Watching(spawn('script', ['-qefc', sized, '/dev/null'], { stdio: ['pipe', 'pipe', 'pipe'] }));
  }

  async shows(text: string | RegExp): Promise<void> {
    await until(`the view shows ${text}; it shows ${this.output}`, () =>
      Promise.resolve(this.output.search(text) >= 0 || undefined),
    );
  }

  async end(): Promise<number | null> {
    if (this.child.exitCode === null) await once(this.child, 'close');
    return this.child.exitCode;
  }
}

let names = 0;
async function newJob(): Promise<string> {
  const name = `watched-${names++}`;
  await cluster.client.create(JOBS, jobObject(name));
  return name;
}

let running: Watching | undefined;
afterEach(() => {
  running?.child.kill('SIGKILL');
  running = undefined;
});

describe('tuneyard watch without a terminal', () => {
  it('prints a line for each change and event, and ends with 0 when the job is complete', async () => {
    const name = await newJob();
    running = Watching.plain(name);
    await running.shows(`default/${name}  New`);
    await setStatus(name, { phase: 'Training', progress: { step: 1, totalSteps: 3, trainLoss: 2 } });
    await running.shows('Training  step 1/3  loss 2.0000');
    // The same again is no change.
    await setStatus(name, { observedGeneration: 1 });
    await cluster.client.create(EVENTS, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${name}-1`, namespace: 'default' },
      involvedObject: { kind: 'FineTuneJob', name, namespace: 'default' },
      type: 'Warning',
      reason: 'WorkerLost',
      message: 'worker 1 is gone',
    } as never);
    await running.shows('event Warning  WorkerLost: worker 1 is gone');
    await setStatus(name, { phase: 'Complete', conditions: [condition('Complete')] });
    expect(await running.end()).toBe(0);
    const lines = running.output.trim().split('\n');
    expect(lines.map((line) => line.replace(/^\d\d:\d\d:\d\d {2}/, ''))).toEqual([
      `default/${name}  New`,
      `default/${name}  Training  step 1/3  loss 2.0000`,
      'event Warning  WorkerLost: worker 1 is gone',
      `default/${name}  Complete  step 1/3  loss 2.0000`,
    ]);
  });

  it('ends with 1 when the job fails, and when it is deleted', async () => {
    const failing = await newJob();
    await setStatus(failing, { phase: 'Failed', conditions: [condition('Failed', 'the loss is NaN')] });
    const failed = (running = Watching.plain(failing));
    expect(await failed.end()).toBe(1);
    expect(failed.output).toContain('the loss is NaN (Failed)');

    const name = await newJob();
    const deleted = (running = Watching.plain(name));
    await deleted.shows('New');
    await cluster.client.delete(JOBS, { name, namespace: 'default' });
    expect(await deleted.end()).toBe(1);
    expect(deleted.output).toContain(`default/${name}  deleted`);
  });

  it('goes on when the connection breaks, and misses nothing', async () => {
    const name = await newJob();
    running = Watching.plain(name, '-o', 'json');
    await running.shows('"added"');
    await cluster.disturb('watches/cut');
    await setStatus(name, { phase: 'Complete', conditions: [condition('Complete')] });
    expect(await running.end()).toBe(0);
    const changes = running.output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { object: { kind: string; status?: object } });
    expect(changes.at(-1)?.object).toMatchObject({ kind: 'FineTuneJob', status: { phase: 'Complete' } });
  });

  it('ends with 2 for a job that there is not', async () => {
    running = Watching.plain('nothing');
    expect(await running.end()).toBe(2);
    expect(running.output).toContain('no job nothing in namespace default');
  });

  it('follows all jobs until it is interrupted', async () => {
    const name = await newJob();
    running = Watching.plain();
    await running.shows(`default/${name}  New`);
    await setStatus(name, { phase: 'Queued' });
    await running.shows(`default/${name}  Queued`);
    running.child.kill('SIGINT');
    expect(await running.end()).toBe(130);
  });
});

describe('tuneyard watch on a terminal', () => {
  it('redraws the lines that change, and leaves the last picture behind', async () => {
    const name = await newJob();
    await setStatus(name, { phase: 'Training', progress: { step: 1, totalSteps: 4, trainLoss: 2 } });
    running = Watching.onTerminal(name);
    await running.shows('step 1/4');
    for (const step of [2, 3]) {
      await setStatus(name, { progress: { step, totalSteps: 4, trainLoss: 2 / step } });
      await running.shows(`step ${step}/4`);
    }
    // Two points make a curve.
    await running.shows(/[\u2801-\u28ff]{3}/);
    expect(running.output.split(`default/${name}`)).toHaveLength(2);
    await setStatus(name, { phase: 'Complete', conditions: [condition('Complete')] });
    expect(await running.end()).toBe(0);
    const [, left = ''] = running.output.split('\u001b[?1049l');
    expect(left).toMatch(new RegExp(`^default/${name}   Complete`));
    expect(left).toContain('step 3/4');
  });

  it.each([
    ['q', 0],
    ['\u0003', 130],
  ])('ends on the key %j with %d', async (key, code) => {
    const name = await newJob();
    running = Watching.onTerminal();
    await running.shows(name);
    running.child.stdin?.write(key);
    expect(await running.end()).toBe(code);
    expect(running.output).toContain('\u001b[?25h\u001b[?1049l');
  });
});
