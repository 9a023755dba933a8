import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../errors.js';
import type { KubeObject } from './kube-object.js';
import { KubeClient } from '../kube-client/kube-client.js';
import { startControlPlane } from './start-control-plane.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tuneyard-plane-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('startControlPlane', () => {
  it('keeps objects, certificates and tokens in its data folder', async () => {
    const options = { dataDir: path.join(folder, 'data'), kubeconfigPath: path.join(folder, 'kubeconfig') };
    const first = await startControlPlane(options);
    expect(statSync(options.kubeconfigPath).mode & 0o777).toBe(0o600);
    const client = await KubeClient.fromKubeconfig(options.kubeconfigPath, 'test');
    await client.create('/api/v1/namespaces/default/configmaps', {
      metadata: { name: 'kept' },
      data: { a: 'b' },
    });
    await expect(startControlPlane(options)).rejects.toThrow(/data folder .* is in use/);
    const port = Number(new URL(first.url).port);
    await first.close();
    client.close();
    const second = await startControlPlane({ ...options, port });
    const again = await KubeClient.fromKubeconfig(options.kubeconfigPath, 'test');
    expect(second.token).toBe(first.token);
    expect(await again.get('/api/v1/namespaces/default/configmaps/kept')).toMatchObject({ data: { a: 'b' } });
    again.close();
    await second.close();
    expect(existsSync(path.join(options.dataDir, 'lock'))).toBe(false);
  });

  it('loses nothing that it confirmed when it is killed, and repeats no revision', async () => {
    const program = fileURLToPath(new URL('../../bin/tuneyard-apiserver.js', import.meta.url));
    const kubeconfig = path.join(folder, 'kubeconfig');
    const flags = ['--data', path.join(folder, 'data'), '--kubeconfig', kubeconfig, '--no-binder'];
    const maps = '/api/v1/namespaces/default/configmaps';
    let confirmed = 0;
    const seen: number[] = [];
    for (let life = 0; life < 3; life++) {
      const child = spawn(process.execPath, [program, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      const client = await KubeClient.fromKubeconfig(kubeconfig, 'test');
      const list = await client.get<{ items: KubeObject[] }>(maps);

      // What was on its way when the process died may be there or not.
      expect(list.items.length).toBeGreaterThanOrEqual(confirmed);
      confirmed = list.items.length;
      const killed = once(child, 'exit');
      setTimeout(() => child.kill('SIGKILL'), 150);
      const writer = async (name: string): Promise<void> => {
        for (let i = 0; ; i++) {
          const made = await client.create(maps, { metadata: { name: `${name}-${life}-${i}` } });
          confirmed += 1;
          seen.push(Number(made.metadata.resourceVersion));
        }
      };
      const writers = await Promise.allSettled(['a', 'b', 'c', 'd'].map(writer));
      for (const writer of writers) expect(writer).toMatchObject({ reason: { code: 'ECONNRESET' } });
      await killed;
      client.close();
    }
    expect(seen.length).toBeGreaterThan(10);
    expect(new Set(seen).size).toBe(seen.length);
  });

  it('says in a sentence that its port is in use', async () => {
    const first = await startControlPlane({ kubeconfigPath: path.join(folder, 'a') });
    const port = Number(new URL(first.url).port);
    const second = startControlPlane({ port, kubeconfigPath: path.join(folder, 'b') });
    await expect(second).rejects.toThrow(UserError);
    await expect(second).rejects.toThrow(`Port ${port} on 127.0.0.1 is in use`);
    await first.close();
  });
});

describe('the programs', () => {
  const run = (
    name: string,
    ...words: string[]
  ): { status: number | null; stderr: string; stdout: string } => {
    const program = fileURLToPath(new URL(`../../bin/tuneyard-${name}.js`, import.meta.url));
    return spawnSync(process.execPath, [program, ...words], { encoding: 'utf8', timeout: 10_000 });
  };

  it.each([
    ['apiserver', ['--port', 'many'], '--port must be a whole number'],
    ['apiserver', ['--unknown'], "unknown option '--unknown'"],
    ['node-agent', ['--nodes', '/none', '--kubeconfig', '/none'], 'The node file /none cannot be read'],
    ['node-agent', [], "required option '--nodes <file>' not specified"],
  ])('%s %j ends with 2 and one sentence', (name, words, message) => {
    const result = run(name, ...words);
    expect(result.status).toBe(2);
    expect(result.stderr).toContain(message);
    expect(result.stderr.trim().split('\n')).toHaveLength(1);
  });

  it('names the place in a bad node file', () => {
    const file = path.join(folder, 'nodes.yaml');
    writeFileSync(file, 'nodes:\n- name: a\n  gpus: 3\n');
    const result = run('node-agent', '--nodes', file, '--kubeconfig', '/none');
    expect(result.status).toBe(2);
    expect(result.stderr).toBe(
      `tuneyard-node-agent: ${file}: nodes[0]: has no field "gpus"; known are name, labels, annotations, taints, capacity, allocatable, count, unschedulable.\n`,
    );
  });

  it('explain themselves', () => {
    expect(run('apiserver', '--help').stdout).toContain('--data <folder>');
    expect(run('node-agent', '--help').stdout).toContain('--path-prepend');
  });
});
