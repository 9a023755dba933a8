import { readFileSync, writeFileSync } from 'node:fs';
import type { FineTuneJob } from '@tuneyard/controller/api';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { tuneyard } from '../../support/run-command.js';
import { jobObject, queueObject, startCluster, type Cluster } from '../controller/cluster.js';
import { JOBS, QUEUES } from '../controller/kinds.js';

let cluster: Cluster;
const run = (...args: string[]) => tuneyard(...args, '--kubeconfig', cluster.kubeconfig);
const job = (name: string) => cluster.client.get<FineTuneJob>(JOBS, { name, namespace: 'default' });

const TIME = '2026-01-01T00:00:00Z';

beforeAll(async () => {
  cluster = await startCluster();
  await cluster.client.create(QUEUES, queueObject('team', 4, { cohort: 'all' }));
  for (const name of ['contracts', 'letters']) await cluster.client.create(JOBS, jobObject(name));
  await cluster.client.mergePatch(
    JOBS,
    { name: 'contracts', namespace: 'default' },
    {
      status: {
        phase: 'Training',
        conditions: [
          {
            type: 'Admitted',
            status: 'True',
            reason: 'Admitted',
            message: '',
            lastTransitionTime: '2026-01-01T00:00:00Z',
          },
        ],
        workers: { desired: 2, ready: 2 },
        placement: { flavor: 'H100', resource: 'nvidia.com/gpu', nodes: [], time: '2026-01-01T00:00:00Z' },
        progress: { step: 7, trainLoss: 1.25, tokensPerSecond: 900 },
      },
    },
    { subresource: 'status' },
  );
});
afterAll(() => cluster.close());

describe('tuneyard get', () => {
  it('prints a table like kubectl, and more of it with -o wide', async () => {
    const { code, stdout } = await run('get');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^NAME +QUEUE +PHASE +METHOD +GPUS +FLAVOR +PRIORITY +WORKERS +STEP +LOSS +ETA +AGE\n/,
    );
    expect(stdout).toMatch(/\ncontracts +team +Training +- +- +- +0 +2 +7 +1\.250 +- +\d/);
    expect((await run('get', '-A', '-o', 'wide')).stdout).toMatch(/^NAMESPACE .* MESSAGE\n/);
  });

  it('prints what programs read', async () => {
    expect((await run('get', '-o', 'name')).stdout.trim().split('\n')).toEqual([
      'finetunejob.tuneyard.dev/contracts',
      'finetunejob.tuneyard.dev/letters',
    ]);
    const one = JSON.parse((await run('get', 'letters', '-o', 'json')).stdout) as FineTuneJob;
    expect(one).toMatchObject({ kind: 'FineTuneJob', metadata: { name: 'letters' } });
    expect(parse((await run('get', '-o', 'yaml')).stdout)).toMatchObject({ kind: 'List' });
  });

  it('names the namespace and the nearest job when there is none of the name', async () => {
    const { code, stderr } = await run('get', 'leters');
    expect(code).toBe(2);
    expect(stderr).toBe('tuneyard: no job leters in namespace default: did you mean letters?\n');
  });

  it('says which server it cannot reach, and how to name another', async () => {
    const unreachable = `${cluster.kubeconfig}-nowhere`;
    const text = readFileSync(cluster.kubeconfig, 'utf8');
    writeFileSync(unreachable, text.replaceAll(cluster.url, 'https://127.0.0.1:1'));
    const { code, stderr } = await tuneyard('get', '--kubeconfig', unreachable);
    expect(code).toBe(2);
    expect(stderr).toContain('cannot reach https://127.0.0.1:1');
    expect(stderr).toContain(unreachable);
  });
});

describe('tuneyard explain', () => {
  it('tells what a job does, for people and for programs', async () => {
    expect((await run('explain', 'contracts')).stdout).toMatch(
      /^default\/contracts in queue team: Training\n.*2 of 2 train on H100/,
    );
    expect(JSON.parse((await run('explain', 'contracts', '-o', 'json')).stdout)).toMatchObject({
      phase: 'Training',
      progress: { step: 7 },
    });
  });
});

describe('commands that show the pool', () => {
  it('lists queues by flavor and running jobs by GPUs', async () => {
    expect((await run('queues')).stdout).toMatch(/\nteam +all +H100 +4 +0 +0 +0 +0 +0\n/);
    const { stdout } = await run('top');
    expect(stdout).toMatch(/\ndefault +contracts +team +2 +H100 +900 +1\.250 +7\n$/);
    expect(stdout).not.toContain('letters');
    expect((await run('top', '-o', 'wide')).stdout).toMatch(/ WORKERS +NODES\n.* 2 +0\n$/);
  });
});

describe('tuneyard submit', () => {
  it('applies files to the namespace asked for, and prints what the server made of them', async () => {
    const file = `${cluster.kubeconfig}-memo.yaml`;
    const { apiVersion, kind, spec } = jobObject('memo');
    writeFileSync(file, stringify({ apiVersion, kind, metadata: { name: 'memo' }, spec }));
    const { stdout } = await run('submit', file, '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'FineTuneJob', metadata: { namespace: 'default' } });
    expect((await run('submit', file)).stdout).toBe('FineTuneJob default/memo applied\n');
    expect((await run('submit', file, '-o', 'name')).stdout).toBe('finetunejob.tuneyard.dev/memo\n');
    await run('cancel', 'memo');
  });

  it("passes the server's refusal on", async () => {
    const file = `${cluster.kubeconfig}-memo.yaml`;
    const { code, stderr } = await run('submit', file, '-n', 'nowhere');
    expect(code).toBe(2);
    expect(stderr).toMatch(/refuses: .*nowhere/);
  });
});

describe('-o', () => {
  it.each([
    ['get', 'contracts'],
    ['explain', 'contracts'],
    ['queues'],
    ['top'],
    ['suspend', 'letters'],
    ['resume', 'letters'],
    ['resize', 'letters', '--max', '4'],
  ])('gives the same to programs as JSON and as YAML: %s', async (...command) => {
    // What changes an object is asked first, so that both see it as it is then.
    await run(...command);
    const json: unknown = JSON.parse((await run(...command, '-o', 'json')).stdout);
    expect(parse((await run(...command, '-o', 'yaml')).stdout)).toEqual(json);
  });
});

describe('commands that change a job', () => {
  it('suspends and resumes', async () => {
    expect((await run('suspend', 'letters')).stdout).toBe('default/letters is suspended\n');
    expect((await job('letters')).spec.suspend).toBe(true);
    await run('resume', 'letters');
    expect((await job('letters')).spec.suspend).toBe(false);
  });

  it('resizes, and refuses what contradicts itself', async () => {
    expect((await run('resize', 'letters', '--max', '8')).code).toBe(0);
    expect((await job('letters')).spec.workers).toMatchObject({ min: 2, max: 8 });
    const { code, stderr } = await run('resize', 'letters', '--max', '1');
    expect(code).toBe(2);
    expect(stderr).toContain('--min 1');
  });

  it('cancels without a question where there is no terminal', async () => {
    await cluster.client.create(JOBS, jobObject('short'));
    expect((await run('cancel', 'short')).stdout).toBe('default/short is cancelled\n');
    await expect(job('short')).rejects.toThrow(/not found/);
  });

  it('says what is still to come of a job that holds GPUs, and waits for it when asked to', async () => {
    const condition = { status: 'True', reason: 'Admitted', message: '', lastTransitionTime: TIME };
    const placement = { flavor: 'H100', resource: 'nvidia.com/gpu', nodes: ['a', 'b'], time: TIME };
    const status = { conditions: [{ type: 'Admitted', ...condition }], placement };
    await cluster.client.create(JOBS, jobObject('held'));
    const key = { namespace: 'default', name: 'held' };
    await cluster.client.mergePatch(JOBS, key, { status }, { subresource: 'status' });
    expect((await run('suspend', 'held')).stdout).toBe(
      'default/held is being suspended: it writes a checkpoint and gives its 2 H100 back within 120 s; --wait waits for that\n',
    );
    const late = await run('suspend', 'held', '--wait', '--timeout', '1');
    expect(late).toMatchObject({ code: 2, stderr: expect.stringContaining('is not suspended after 1 s') });
    expect((await run('cancel', 'held', '--wait')).stdout).toBe(
      'default/held is cancelled; its 2 H100 are free\n',
    );
    await expect(job('held')).rejects.toThrow(/not found/);
  });
});

describe('tuneyard checkpoint', () => {
  const reported = (step: number) => ({
    status: { checkpoint: { step, time: '2026-01-01T00:00:00Z', uri: 'file:///checkpoints/7' } },
  });
  const at = { name: 'contracts', namespace: 'default' };

  it('asks by an annotation and waits for a checkpoint of the steps done', async () => {
    const training = {
      type: 'Training',
      status: 'True',
      reason: 'Training',
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    const { conditions = [] } = (await job('contracts')).status ?? {};
    const status = { conditions: [...conditions, training] };
    await cluster.client.mergePatch(JOBS, at, { status }, { subresource: 'status' });
    await cluster.client.mergePatch(JOBS, at, reported(3), { subresource: 'status' });
    const asked = run('checkpoint', 'contracts');
    await vi.waitFor(
      async () =>
        expect((await job('contracts')).metadata.annotations).toHaveProperty(
          'tuneyard.dev/checkpoint-request',
        ),
      { timeout: 20_000 },
    );
    await cluster.client.mergePatch(JOBS, at, reported(7), { subresource: 'status' });
    expect(await asked).toMatchObject({
      code: 0,
      stdout: 'default/contracts has a checkpoint of step 7 at file:///checkpoints/7\n',
    });
  });

  it('refuses a job that does not train', async () => {
    const { code, stderr } = await run('checkpoint', 'letters');
    expect(code).toBe(2);
    expect(stderr).toContain('default/letters does not train now');
  });
});
