import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configMap } from './kinds.js';
import { hasKubectl, WITHOUT_KUBECTL } from '../../support/kubectl.js';
import { Kubectl } from './kubectl.js';
import type { TestCluster } from './test-cluster.js';
import { onNode, startTestCluster } from './test-cluster.js';

let cluster: TestCluster;
let kubectl: Kubectl;
let node: string;

const ok = (line: string, input?: unknown) => kubectl.ok(line, input);
const map = (name: string, data: Record<string, string>) => configMap(cluster.namespace, name, data);

describe.skipIf(!hasKubectl)(`kubectl${WITHOUT_KUBECTL}`, () => {
  beforeAll(async () => {
    cluster = await startTestCluster();
    kubectl = new Kubectl(cluster);
    node = await cluster.startNode(2);
  });
  afterAll(() => cluster.close());

  it('finds its way: version, api-resources, api-versions, auth', async () => {
    expect(await ok('version')).toContain('Server Version: v1.');
    expect(await ok('api-resources')).toMatch(/^pods\s+po\s+v1\s+true\s+Pod$/m);
    expect(await ok('api-resources --namespaced=false -o name')).toContain('nodes');
    expect(await ok('api-versions')).toContain('apps/v1');
    expect(await ok('auth can-i create pods')).toBe('yes\n');
    expect(await ok('auth can-i --list')).toMatch(/^Resources\s+Non-Resource URLs/);
    expect(await ok('auth whoami')).toContain('Username');
    expect(await ok('cluster-info')).toContain('is running at');
    expect(await ok(`get node ${node} -o wide`)).toMatch(new RegExp(`^${node}\\s+Ready`, 'm'));
    expect(await ok(`describe node ${node}`)).toContain('nvidia.com/gpu');
  });

  it('opens an editor and sends what it changed', async () => {
    await ok('create configmap edited --from-literal=k=before');
    const editor = path.join(cluster.folder, 'editor.sh');
    await writeFile(editor, '#!/bin/sh\nsed -i s/before/after/ "$1"\n', { mode: 0o755 });
    await kubectl.ok('edit cm edited', undefined, { KUBE_EDITOR: editor });
    expect(await ok('get cm edited -o jsonpath={.data.k}')).toBe('after');
  });

  it('creates, labels, annotates and replaces', async () => {
    await ok('create configmap made --from-literal=k=v');
    await ok('label cm made tier=gold');
    await ok('annotate cm made note=hi');
    expect(
      await ok('get cm made -o jsonpath={.data.k}{.metadata.labels.tier}{.metadata.annotations.note}'),
    ).toBe('vgoldhi');
    await ok('label cm made tier-');
    expect(await ok('get cm made -o jsonpath={.metadata.labels}')).toBe('');
    await ok('replace -f -', map('made', { k: 'w' }));
    expect(await ok('get cm made -o jsonpath={.data.k}')).toBe('w');
    expect((await kubectl.run('create -f -', map('made', {}))).err).toContain('already exists');
  });

  it('runs a pod and shows its log, its events and its end', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'talker', labels: { app: 'talker' } },
      spec: {
        ...onNode(node),
        restartPolicy: 'Never',
        automountServiceAccountToken: false,
        containers: [
          {
            name: 'main',
            image: 'tuneyard/trainer',
            command: ['sh', '-c', 'for i in 1 2 3; do echo line $i; sleep 0.2; done'],
            resources: { limits: { 'nvidia.com/gpu': 1 } },
          },
        ],
      },
    };
    await ok('apply -f -', pod);
    await ok('wait --for=jsonpath={.status.phase}=Running pod/talker --timeout=90s');
    expect(await ok('logs -f talker')).toBe('line 1\nline 2\nline 3\n');
    expect(await ok('logs talker --tail=1')).toBe('line 3\n');
    expect((await kubectl.run('logs talker --previous')).err).toContain(
      `previous terminated container "main" in pod "talker" not found`,
    );
    await ok('wait --for=jsonpath={.status.phase}=Succeeded pod/talker --timeout=90s');
    expect(await ok('get pod talker')).toMatch(/talker\s+0\/1\s+Completed\s+0/);
    expect(await ok('describe pod talker')).toMatch(new RegExp(`Node:\\s+${node}/`));
    expect(await ok('events --for pod/talker')).toMatch(/Normal\s+Scheduled\s+Pod\/talker/);
    await ok('delete pod talker');
    await ok('wait --for=delete pod/talker --timeout=90s');
  });

  it('cordons and taints the node', async () => {
    await ok(`cordon ${node}`);
    expect(await ok(`get node ${node}`)).toContain('Ready,SchedulingDisabled');
    await ok(`uncordon ${node}`);
    await ok(`taint node ${node} tuneyard.dev/test=x:PreferNoSchedule`);
    expect(await ok(`get node ${node} -o jsonpath={.spec.taints[*].key}`)).toContain('tuneyard.dev/test');
    await ok(`taint node ${node} tuneyard.dev/test-`);
  });

  it('streams changes', async () => {
    const child = spawn('kubectl', kubectl.words('get cm -w -l watched=yes --output-watch-events'), {
      env: kubectl.environment,
    });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    try {
      await ok('create configmap seen --from-literal=a=b');
      await ok('label cm seen watched=yes');
      await expect.poll(() => text, { timeout: 60_000 }).toMatch(/ADDED\s+seen/);
      await ok('delete cm seen');
      await expect.poll(() => text, { timeout: 60_000 }).toMatch(/DELETED\s+seen/);
    } finally {
      child.kill();
    }
  });

  it.each([
    ['background', false],
    ['foreground', false],
    ['orphan', true],
  ] as const)('deletes with --cascade=%s', async (cascade, stays) => {
    await ok(`create configmap ${cascade}`);
    const uid = await ok(`get cm ${cascade} -o jsonpath={.metadata.uid}`);
    const ownerReferences = [
      { apiVersion: 'v1', kind: 'ConfigMap', name: cascade, uid, blockOwnerDeletion: true },
    ];
    const child = { ...map(`child-of-${cascade}`, {}) };
    await ok('apply -f -', { ...child, metadata: { name: child.metadata.name, ownerReferences } });
    await ok(`delete cm ${cascade} --cascade=${cascade} --timeout=90s`);
    if (stays) expect(await ok('get cm -o name')).toContain(`configmap/child-of-${cascade}`);
    else await ok(`wait --for=delete cm/child-of-${cascade} --timeout=90s`);
  });
});
