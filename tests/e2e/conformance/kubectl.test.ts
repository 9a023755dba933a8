import { execFile, spawn, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { WidgetKind } from './kinds.js';
import { configMap, widgetKind } from './kinds.js';
import type { TestCluster } from './test-cluster.js';
import { onNode, startTestCluster } from './test-cluster.js';

const found = spawnSync('kubectl', ['version', '--client']).status === 0;
const suite = found ? 'kubectl' : 'kubectl (skipped: there is no kubectl on this machine)';

let cluster: TestCluster;
let node: string;
let widgets: WidgetKind;

interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  KUBECONFIG: cluster.kubeconfig,
  HOME: cluster.folder,
  NO_COLOR: '1',
});

/** Words of a command line; single quotes keep words together. */
const words = (line: string): string[] => [
  '--namespace',
  cluster.namespace,
  ...[...line.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? ''),
];

/** Runs kubectl in the namespace of this file; `input` (an object, or text) goes to its standard input. */
function kubectl(line: string, input?: unknown): Promise<Result> {
  return new Promise((resolve) => {
    const child = execFile(
      'kubectl',
      words(line),
      { env: environment(), timeout: 20_000 },
      (error, out, err) => resolve({ code: error ? Number(error.code ?? 1) : 0, out, err }),
    );
    child.stdin?.end(typeof input === 'string' ? input : stringify(input));
  });
}

/** As kubectl, and it must succeed; returns its output. */
async function ok(line: string, input?: unknown): Promise<string> {
  const result = await kubectl(line, input);
  expect(result.code, `kubectl ${line}\n${result.err}`).toBe(0);
  return result.out;
}

const map = (name: string, data: Record<string, string>) => configMap(cluster.namespace, name, data);

describe.skipIf(!found)(suite, () => {
  beforeAll(async () => {
    cluster = await startTestCluster();
    node = await cluster.startNode(2);
    widgets = widgetKind(cluster.namespace);
    await cluster.install(widgets.definition);
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

  it('applies, gets in every form, explains, edits, scales and deletes a custom resource', async () => {
    const made = (size: number, more = {}) => ({
      ...widgets.widget('w', size, more),
      metadata: { name: 'w', labels: { shop: 'a' } },
    });
    const { resource, short } = widgets;
    await ok(`wait --for=condition=Established crd/widgets.${resource.group} --timeout=10s`);
    expect(await ok('apply -f -', made(3))).toBe(`widget.${resource.group}/w created\n`);
    expect(await ok('apply -f -', made(3))).toBe(`widget.${resource.group}/w unchanged\n`);
    expect(await ok('apply -f -', made(4))).toBe(`widget.${resource.group}/w configured\n`);
    expect((await kubectl('diff -f -', made(5))).out).toMatch(/^-\s+size: 4\n\+\s+size: 5$/m);
    expect(await ok(`get ${short}`)).toBe('NAME   SIZE\nw      4\n');
    expect(await ok(`get ${short} -o wide`)).toBe('NAME   SIZE   COLOR\nw      4      red\n');
    expect(await ok(`get ${short} w -o yaml`)).toContain('size: 4');
    expect(JSON.parse(await ok(`get ${short} w -o json`))).toMatchObject({
      kind: 'Widget',
      spec: { size: 4, color: 'red' },
    });
    expect(await ok(`get ${short} w -o jsonpath={.spec.size}`)).toBe('4');
    expect(await ok(`get ${short} -o custom-columns=N:.metadata.name,C:.spec.color`)).toMatch(
      /^N\s+C\nw\s+red\n$/,
    );
    expect(await ok('get all')).toContain(`widget.${resource.group}/w`);
    expect(await ok(`get ${short} -l shop=a -o name`)).toBe(`widget.${resource.group}/w\n`);
    expect(await ok(`describe ${short} w`)).toMatch(/Spec:\n\s+Color:\s+red/);
    expect(await ok(`explain ${short}.spec`)).toContain('How big it is.');
    expect(await ok(`explain ${short} --recursive`)).toMatch(/replicas\t<integer>/);
    expect(await ok(`patch ${short} w --type=merge -p '{"spec":{"color":"blue"}}'`)).toContain('patched');
    expect(
      await ok(`patch ${short} w --type=json -p '[{"op":"replace","path":"/spec/size","value":5}]'`),
    ).toContain('patched');
    expect(await ok(`scale ${short} w --replicas=3`)).toContain('scaled');
    expect(await ok(`get ${short} w -o jsonpath={.spec.color}{.spec.size}{.spec.replicas}`)).toBe('blue53');
    await ok(
      `patch ${short} w --subresource=status --type=merge -p '{"status":{"conditions":[{"type":"Done","status":"True"}]}}'`,
    );
    expect(await ok(`wait --for=condition=Done ${short}/w --timeout=5s`)).toContain('condition met');
    expect(await ok(`delete ${short} w`)).toContain('deleted');
  });

  it('opens an editor and sends what it changed', async () => {
    await ok('create configmap edited --from-literal=k=before');
    const editor = path.join(cluster.folder, 'editor.sh');
    await writeFile(editor, '#!/bin/sh\nsed -i s/before/after/ "$1"\n', { mode: 0o755 });
    const edit = execFile('kubectl', words('edit cm edited'), {
      env: { ...environment(), KUBE_EDITOR: editor },
    });
    expect(await new Promise((resolve) => edit.once('exit', resolve))).toBe(0);
    expect(await ok('get cm edited -o jsonpath={.data.k}')).toBe('after');
  });

  it('refuses bad input in the words of the API', async () => {
    const bad = (spec: object) => ({ ...widgets.widget('bad', 1), spec });
    expect((await kubectl('apply -f -', bad({ size: 0 }))).err).toContain(
      'spec.size in body should be greater than or equal to 1',
    );
    expect((await kubectl('apply -f -', bad({ size: 'many' }))).err).toContain('must be of type integer');
    expect((await kubectl('apply -f -', bad({ size: 1, bogus: 1 }))).err).toContain(
      'unknown field "spec.bogus"',
    );
    expect((await kubectl('get pod nobody')).err).toContain('pods "nobody" not found');
  });

  it('applies on the server, with conflicts between managers', async () => {
    await ok('apply --server-side --field-manager=one -f -', map('shared', { a: '1' }));
    const refused = await kubectl('apply --server-side --field-manager=two -f -', map('shared', { a: '2' }));
    expect(refused.err).toContain('Apply failed with 1 conflict: conflict with "one": .data.a');
    await ok('apply --server-side --field-manager=two --force-conflicts -f -', map('shared', { a: '2' }));
    expect(await ok('get cm shared --show-managed-fields -o yaml')).toMatch(/manager: two/);
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
    expect((await kubectl('create -f -', map('made', {}))).err).toContain('already exists');
  });

  it('creates every kind that it has a command for', async () => {
    await ok('create serviceaccount account');
    const lines = [
      'secret generic hidden --from-literal=k=v',
      'secret docker-registry registry --docker-server=a --docker-username=b --docker-password=c',
      'token account',
      'service clusterip inner --tcp=80:8080',
      'service externalname outer --external-name=example.dev',
      'role reader --verb=get,list --resource=pods',
      'rolebinding readers --role=reader --serviceaccount=default:account',
      'quota few --hard=pods=30',
      'poddisruptionbudget calm --selector=app=calm --min-available=1',
      `job once --image=x -- true`,
      `cronjob nightly --image=x '--schedule=0 0 * * *' -- true`,
      'ingress door --rule=example.dev/=inner:80',
      'deployment web --image=x --replicas=0',
    ];
    await Promise.all(lines.map((line) => ok(`create ${line}`)));
    expect(await ok('get rolebinding readers -o jsonpath={.subjects[0].name}{.roleRef.name}')).toBe(
      'accountreader',
    );
    expect(await ok('get svc inner -o jsonpath={.spec.ports[0].targetPort}')).toBe('8080');
    expect(await ok('get ingress door -o jsonpath={.spec.rules[0].host}{..service.port.number}')).toBe(
      'example.dev80',
    );
    expect(await ok('get secret hidden -o jsonpath={.data.k}')).toBe('dg==');
    // Cluster-wide ones are named after the namespace, which is this run's alone.
    const wide = [
      `clusterrole ${cluster.namespace} --verb=get --resource=nodes`,
      `clusterrolebinding ${cluster.namespace} --clusterrole=${cluster.namespace} --user=nobody`,
      `priorityclass ${cluster.namespace} --value=100 --description=low`,
    ];
    await Promise.all(wide.map((line) => ok(`create ${line}`)));
    expect(await ok(`get pc ${cluster.namespace} -o jsonpath={.value}`)).toBe('100');
    await ok(`delete clusterrole,clusterrolebinding,priorityclass ${cluster.namespace}`);
    await ok('scale deployment web --current-replicas=0 --replicas=0');
    expect((await kubectl('scale deployment web --current-replicas=7 --replicas=1')).err).toContain(
      'Expected replicas to be 7, was 0',
    );
    await ok('set image deployment/web x=y');
    expect(await ok('get deployment web -o jsonpath={..image}')).toBe('y');
    await ok('delete job,cronjob,deployment,ingress --all');
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
    await ok('wait --for=jsonpath={.status.phase}=Running pod/talker --timeout=10s');
    expect(await ok('logs -f talker')).toBe('line 1\nline 2\nline 3\n');
    expect(await ok('logs talker --tail=1')).toBe('line 3\n');
    expect((await kubectl('logs talker --previous')).err).toContain(
      `previous terminated container "main" in pod "talker" not found`,
    );
    await ok('wait --for=jsonpath={.status.phase}=Succeeded pod/talker --timeout=10s');
    expect(await ok('get pod talker')).toMatch(/talker\s+0\/1\s+Completed\s+0/);
    expect(await ok('describe pod talker')).toMatch(new RegExp(`Node:\\s+${node}/`));
    expect(await ok('events --for pod/talker')).toMatch(/Normal\s+Scheduled\s+Pod\/talker/);
    await ok('delete pod talker');
    await ok('wait --for=delete pod/talker --timeout=10s');
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
    const child = spawn('kubectl', words('get cm -w -l watched=yes --output-watch-events'), {
      env: environment(),
    });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    try {
      await ok('create configmap seen --from-literal=a=b');
      await ok('label cm seen watched=yes');
      await expect.poll(() => text, { timeout: 8000 }).toMatch(/ADDED\s+seen/);
      await ok('delete cm seen');
      await expect.poll(() => text, { timeout: 8000 }).toMatch(/DELETED\s+seen/);
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
    await ok(`delete cm ${cascade} --cascade=${cascade} --timeout=10s`);
    if (stays) expect(await ok('get cm -o name')).toContain(`configmap/child-of-${cascade}`);
    else await ok(`wait --for=delete cm/child-of-${cascade} --timeout=10s`);
  });
});
