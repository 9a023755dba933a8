import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KUBECTL_MINOR } from '../../support/kubectl.js';
import { REPOSITORY } from '../../support/repository.js';
import { tuneyard } from '../../support/run-command.js';
import { jobObject, startCluster, type Cluster } from '../controller/cluster.js';
import { JOBS } from '../controller/kinds.js';

/** From here on kubectl asks plugins for completions. */
const COMPLETES = 26;

let cluster: Cluster;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tuneyard-plugin-'));
  cluster = await startCluster();
  await cluster.client.create(JOBS, jobObject('contracts'));
});
afterAll(async () => {
  await cluster.close();
  rmSync(folder, { recursive: true, force: true });
});

async function kubectl(...args: string[]) {
  const child = spawn('kubectl', args, {
    env: {
      ...process.env,
      KUBECONFIG: cluster.kubeconfig,
      PATH: [folder, join(REPOSITORY, 'node_modules/.bin'), process.env['PATH']].join(':'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, stdout, stderr };
}

const without = KUBECTL_MINOR === undefined ? ' (skipped: there is no kubectl on this machine)' : '';
describe.skipIf(KUBECTL_MINOR === undefined)(`kubectl tuneyard${without}`, () => {
  it('is found by kubectl and works on the cluster of the kubeconfig', async () => {
    expect((await kubectl('plugin', 'list')).stdout).toMatch(/\/kubectl-tuneyard\n/);
    const { code, stdout } = await kubectl('tuneyard', 'get');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^NAME .*\ncontracts +team /);
    const one = await kubectl('tuneyard', 'get', 'contracts', '-o', 'json');
    expect(JSON.parse(one.stdout)).toMatchObject({ kind: 'FineTuneJob' });
    expect((await kubectl('tuneyard', 'suspend', 'contracts')).stdout).toBe(
      'default/contracts is suspended\n',
    );
  });

  it('passes exit codes on, and calls itself as it was called', async () => {
    const { code, stderr } = await kubectl('tuneyard', 'get', 'contract');
    expect(code).toBe(2);
    expect(stderr).toContain('did you mean contracts?');
    expect((await kubectl('tuneyard', 'get', '--help')).stdout).toMatch(/^Usage: kubectl tuneyard get /);
  });

  it.skipIf((KUBECTL_MINOR ?? 0) < COMPLETES)('completes what is typed behind it', async () => {
    const { stdout } = await tuneyard('completion', 'kubectl');
    const script = join(folder, 'kubectl_complete-tuneyard');
    writeFileSync(script, stdout);
    chmodSync(script, 0o755);
    expect((await kubectl('__complete', 'tuneyard', 'suspend', '')).stdout).toBe('contracts\n:4\n');
  });
});
