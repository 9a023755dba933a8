import { execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startControlPlane, type ControlPlane } from './apiserver/start-control-plane.js';
import { startNodeAgent, type NodeAgent } from './node-agent/start-node-agent.js';
import { startPodBinder, type PodBinder } from './pod-binder/start-pod-binder.js';

const found = spawnSync('kubectl', ['version', '--client']).status === 0;
const suite = found ? 'kubectl' : 'kubectl (skipped: there is no kubectl on this machine)';

let folder: string;
let plane: ControlPlane;
let binder: PodBinder;
let agent: NodeAgent;

interface Result {
  code: number;
  out: string;
  err: string;
}

const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  KUBECONFIG: plane.kubeconfigPath,
  HOME: folder,
  NO_COLOR: '1',
});

/** Runs kubectl with the words of a line; `input` goes to its standard input. */
function kubectl(line: string, input?: string): Promise<Result> {
  return new Promise((resolve) => {
    const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
    const child = execFile('kubectl', words, { env: environment(), timeout: 20_000 }, (error, out, err) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, out, err });
    });
    child.stdin?.end(input ?? '');
  });
}

/** As kubectl, and it must succeed; returns its output. */
async function ok(line: string, input?: string): Promise<string> {
  const result = await kubectl(line, input);
  expect(result.code, `kubectl ${line}\n${result.err}`).toBe(0);
  return result.out;
}

const definition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: widgets.example.dev }
spec:
  group: example.dev
  scope: Namespaced
  names: { plural: widgets, kind: Widget, shortNames: [wd], categories: [all] }
  versions:
    - name: v1
      served: true
      storage: true
      subresources: { status: {}, scale: { specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas } }
      additionalPrinterColumns:
        - { name: Size, type: integer, jsonPath: .spec.size }
        - { name: Color, type: string, jsonPath: .spec.color, priority: 1 }
      schema:
        openAPIV3Schema:
          type: object
          description: A widget of the shop.
          properties:
            spec:
              type: object
              required: [size]
              properties:
                size: { type: integer, minimum: 1, description: How big it is. }
                color: { type: string, default: red }
                replicas: { type: integer, default: 1 }
            status:
              type: object
              properties:
                replicas: { type: integer }
                conditions: { type: array, items: { type: object, properties: { type: { type: string }, status: { type: string } } } }
`;

const widget = (size: number | string, more = ''): string => `
apiVersion: example.dev/v1
kind: Widget
metadata: { name: w, labels: { shop: a } }
spec: { size: ${size}${more} }
`;

const pod = (name: string, script: string): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { app: ${name} } }
spec:
  restartPolicy: Never
  containers:
    - { name: main, image: tuneyard/trainer, command: [sh, -c, "${script}"], resources: { limits: { nvidia.com/gpu: 1 } } }
`;

describe.skipIf(!found)(suite, () => {
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'tuneyard-kubectl-'));
    plane = await startControlPlane({ kubeconfigPath: path.join(folder, 'kubeconfig') });
    binder = await startPodBinder({ kubeconfig: plane.kubeconfigPath });
    agent = await startNodeAgent({
      kubeconfig: plane.kubeconfigPath,
      nodes: [
        {
          name: 'gpu-0',
          labels: { 'nvidia.com/gpu.product': 'H100' },
          capacity: { cpu: '8', 'nvidia.com/gpu': '2' },
        },
      ],
      workDir: path.join(folder, 'work'),
    });
  });
  afterAll(async () => {
    await agent.close();
    await binder.close();
    await plane.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('finds its way: version, api-resources, cluster-info, auth', async () => {
    expect(await ok('version')).toContain('Server Version: v1.');
    expect(await ok('api-resources')).toMatch(/^pods\s+po\s+v1\s+true\s+Pod$/m);
    expect(await ok('api-versions')).toContain('apps/v1');
    expect(await ok('auth can-i create pods')).toBe('yes\n');
    expect(await ok('auth whoami')).toContain('tuneyard-admin');
    expect(await ok('get nodes -o wide')).toMatch(/^gpu-0\s+Ready/m);
  });

  it('applies, gets in every form, explains, patches, scales and deletes a custom resource', async () => {
    await ok('apply -f -', definition);
    await ok('wait --for=condition=Established crd/widgets.example.dev --timeout=10s');
    expect(await ok('apply -f -', widget(3))).toBe('widget.example.dev/w created\n');
    expect(await ok('apply -f -', widget(3))).toBe('widget.example.dev/w unchanged\n');
    expect(await ok('apply -f -', widget(4))).toBe('widget.example.dev/w configured\n');
    expect(await ok('get wd')).toBe('NAME   SIZE\nw      4\n');
    expect(await ok('get wd -o wide')).toBe('NAME   SIZE   COLOR\nw      4      red\n');
    expect(await ok('get wd w -o yaml')).toContain('size: 4');
    expect(JSON.parse(await ok('get wd w -o json'))).toMatchObject({
      kind: 'Widget',
      spec: { size: 4, color: 'red' },
    });
    expect(await ok('get wd w -o jsonpath={.spec.size}')).toBe('4');
    expect(await ok('get wd -o custom-columns=N:.metadata.name,C:.spec.color')).toMatch(/^N\s+C\nw\s+red\n$/);
    expect(await ok('get all')).toContain('widget.example.dev/w');
    expect(await ok('get wd -l shop=a -o name')).toBe('widget.example.dev/w\n');
    expect(await ok('describe wd w')).toMatch(/Spec:\n\s+Color:\s+red/);
    expect(await ok('explain wd.spec')).toContain('How big it is.');
    expect(await ok('explain wd --recursive')).toMatch(/replicas\t<integer>/);
    expect(await ok(`patch wd w --type=merge -p '{"spec":{"color":"blue"}}'`)).toContain('patched');
    expect(
      await ok(`patch wd w --type=json -p '[{"op":"replace","path":"/spec/size","value":5}]'`),
    ).toContain('patched');
    expect(await ok('scale wd w --replicas=3')).toContain('scaled');
    expect(await ok('get wd w -o jsonpath={.spec.color}{.spec.size}{.spec.replicas}')).toBe('blue53');
    await ok(
      `patch wd w --subresource=status --type=merge -p '{"status":{"conditions":[{"type":"Done","status":"True"}]}}'`,
    );
    expect(await ok('wait --for=condition=Done wd/w --timeout=5s')).toContain('condition met');
    expect(await ok('delete wd w')).toContain('deleted');
  });

  it('refuses bad input in the words of the API', async () => {
    expect((await kubectl('apply -f -', widget(0))).err).toContain(
      'spec.size in body should be greater than or equal to 1',
    );
    expect((await kubectl('apply -f -', widget('many'))).err).toContain('must be of type integer');
    expect((await kubectl('apply -f -', widget(1, ', bogus: 1'))).err).toContain(
      'unknown field "spec.bogus"',
    );
    expect((await kubectl('get pod nobody')).err).toContain('pods "nobody" not found');
  });

  it('applies on the server, with conflicts between managers', async () => {
    const map = (value: string): string =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: shared }\ndata: { a: "${value}" }\n`;
    await ok('apply --server-side --field-manager=one -f -', map('1'));
    const refused = await kubectl('apply --server-side --field-manager=two -f -', map('2'));
    expect(refused.err).toContain('Apply failed with 1 conflict: conflict with "one": .data.a');
    await ok('apply --server-side --field-manager=two --force-conflicts -f -', map('2'));
    expect(await ok('get cm shared --show-managed-fields -o yaml')).toMatch(/manager: two/);
  });

  it('creates, labels, annotates, replaces, cordons', async () => {
    await ok('create configmap made --from-literal=k=v');
    await ok('create secret generic hidden --from-literal=k=v');
    await ok('label cm made tier=gold');
    await ok('annotate cm made note=hi');
    expect(
      await ok('get cm made -o jsonpath={.data.k}{.metadata.labels.tier}{.metadata.annotations.note}'),
    ).toBe('vgoldhi');
    await ok('create namespace aside');
    await ok('create deployment web --image=x --replicas=2 -n aside');
    await ok('scale deployment web --replicas=5 -n aside');
    expect(await ok('get deployment web -n aside -o jsonpath={.spec.replicas}')).toBe('5');
    await ok('replace -f -', 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: made }\ndata: { k: w }\n');
    expect(await ok('get cm made -o jsonpath={.data.k}')).toBe('w');
    expect(await ok('delete namespace aside --timeout=10s')).toContain('deleted');
    await ok('cordon gpu-0');
    expect(await ok('get nodes')).toContain('Ready,SchedulingDisabled');
    await ok('uncordon gpu-0');
  });

  it('runs a pod and shows its log, its events and its end', async () => {
    await ok('apply -f -', pod('talker', 'for i in 1 2 3; do echo line $i; sleep 0.2; done'));
    await ok("wait --for=jsonpath='{.status.phase}'=Running pod/talker --timeout=10s".replaceAll("'", ''));
    expect(await ok('logs -f talker')).toBe('line 1\nline 2\nline 3\n');
    expect(await ok('logs talker --tail=1')).toBe('line 3\n');
    await ok('wait --for=jsonpath={.status.phase}=Succeeded pod/talker --timeout=10s');
    expect(await ok('get pod talker')).toMatch(/talker\s+0\/1\s+Completed\s+0/);
    expect(await ok('describe pod talker')).toMatch(/Node:\s+gpu-0\/127\.0\.0\.1/);
    expect(await ok('events')).toMatch(/Normal\s+Scheduled\s+Pod\/talker/);
    await ok('delete pod talker');
  });

  it('streams changes', async () => {
    const child = spawn('kubectl', ['get', 'cm', '-w', '-l', 'watched=yes', '--output-watch-events'], {
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

  it('deletes dependents or orphans them', async () => {
    for (const [owner, cascade] of [
      ['front', 'foreground'],
      ['lost', 'orphan'],
    ] as const) {
      await ok(`create configmap ${owner}`);
      const uid = await ok(`get cm ${owner} -o jsonpath={.metadata.uid}`);
      const reference = `[{ apiVersion: v1, kind: ConfigMap, name: ${owner}, uid: ${uid}, blockOwnerDeletion: true }]`;
      const file = path.join(folder, 'child.yaml');
      writeFileSync(
        file,
        `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: child-of-${owner}, ownerReferences: ${reference} }\n`,
      );
      await ok(`apply -f ${file}`);
      await ok(`delete cm ${owner} --cascade=${cascade} --timeout=10s`);
    }
    expect(await ok('get cm -o name')).toContain('configmap/child-of-lost');
    expect(await ok('get cm -o name')).not.toContain('configmap/child-of-front');
  });
});
