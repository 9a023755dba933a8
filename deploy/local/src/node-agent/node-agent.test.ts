import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, type JsonObject } from '../apiserver/json.js';
import { startPodBinder, type PodBinder } from '../pod-binder/start-pod-binder.js';
import { isProcessAlive } from '../process-alive.js';
import { TestServer } from '../test-server.js';
import { startNodeAgent, type NodeAgent } from './start-node-agent.js';

let server: TestServer;
let binder: PodBinder;
let agent: NodeAgent;
let folder: string;

const pods = '/api/v1/namespaces/default/pods';
const node = {
  name: 'gpu-0',
  labels: { 'nvidia.com/gpu.product': 'H100' },
  capacity: { cpu: '8', memory: '16Gi', 'nvidia.com/gpu': '2' },
};

const startAgent = (keepProcesses = false): Promise<NodeAgent> =>
  startNodeAgent({
    kubeconfig: server.plane.kubeconfigPath,
    nodes: [node],
    workDir: path.join(folder, 'work'),
    pathPrepend: [path.join(folder, 'bin')],
    restartBackoffSeconds: 0,
    volumeSyncSeconds: 0.2,
    keepProcesses,
  });

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'tuneyard-agent-'));
  mkdirSync(path.join(folder, 'bin'));
  writeFileSync(path.join(folder, 'bin', 'my-trainer'), '#!/bin/sh\necho "trainer $*"\n', { mode: 0o755 });
  server = await TestServer.start();
  binder = await startPodBinder({ kubeconfig: server.plane.kubeconfigPath });
  agent = await startAgent();
});
afterAll(async () => {
  await agent.close();
  await binder.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

interface PodParts {
  restartPolicy?: string;
  container?: JsonObject;
  spec?: JsonObject;
}

async function run(name: string, command: string, parts: PodParts = {}): Promise<void> {
  const answer = await server.call('POST', pods, {
    metadata: { name, labels: { app: name } },
    spec: {
      restartPolicy: parts.restartPolicy ?? 'Never',
      containers: [{ name: 'main', image: 'x', command: ['sh', '-c', command], ...parts.container }],
      ...parts.spec,
    },
  });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
}

const phaseIs =
  (phase: string) =>
  ({ body }: { body: JsonObject }): boolean =>
    at(body, 'status', 'phase') === phase;

const containerOf = (body: JsonObject): unknown =>
  (at(body, 'status', 'containerStatuses') as JsonObject[])[0];

async function logOf(name: string, query = ''): Promise<string> {
  const response = await fetch(`${server.plane.url}${pods}/${name}/log?${query}`);
  return response.text();
}

describe('a pod', () => {
  it('gets its environment, volumes and commands, and tells how it ended', async () => {
    await server.call('POST', '/api/v1/namespaces/default/secrets', {
      metadata: { name: 's' },
      stringData: { token: 'secret!' },
    });
    await server.call('POST', '/api/v1/namespaces/default/configmaps', {
      metadata: { name: 'c' },
      data: { 'a.txt': 'from map\n', K: 'v' },
    });
    const env = [
      { name: 'PLAIN', value: 'p' },
      { name: 'COMBINED', value: '$(PLAIN)-$$(PLAIN)' },
      { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 's', key: 'token' } } },
      { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'APP', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
      { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
      { name: 'FILE', value: '/etc/conf/a.txt' },
      { name: 'SECRETS', value: '/var/run/its-own/secrets' },
    ];
    const command =
      'echo "$PLAIN $COMBINED $TOKEN $IP $APP $MEMORY $K"; cat "$FILE" /etc/both/pod /scratch/init "$SECRETS/s/token"; echo; my-trainer worker --dir /scratch; echo problem >&2; exit 3';
    await run('full', command, {
      container: {
        env,
        envFrom: [{ configMapRef: { name: 'c' } }],
        resources: { limits: { memory: '64Mi', 'nvidia.com/gpu': '1' } },
        volumeMounts: [
          { name: 'conf', mountPath: '/etc/conf' },
          { name: 'scratch', mountPath: '/scratch' },
          { name: 'both', mountPath: '/etc/both' },
          { name: 'secret', mountPath: '/var/run/its-own/secrets/s' },
        ],
      },
      spec: {
        initContainers: [
          {
            name: 'init',
            image: 'x',
            command: ['sh', '-c', 'echo from init > /scratch/init'],
            volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
          },
        ],
        volumes: [
          { name: 'conf', configMap: { name: 'c' } },
          { name: 'scratch', emptyDir: {} },
          { name: 'secret', secret: { secretName: 's' } },
          {
            name: 'both',
            projected: {
              sources: [
                { downwardAPI: { items: [{ path: 'pod', fieldRef: { fieldPath: 'metadata.name' } }] } },
                { secret: { name: 's' } },
              ],
            },
          },
        ],
      },
    });
    const { body } = await server.until(`${pods}/full`, phaseIs('Failed'));
    const lines = (await logOf('full', 'container=main')).split('\n');
    expect(lines[0]).toBe('p p-$(PLAIN) secret! 127.0.0.1 full 64 v');
    expect(lines.slice(1, 5)).toEqual([
      'from map',
      'fullfrom init',
      'secret!',
      expect.stringMatching(/^trainer worker --dir .*\/volumes\/scratch$/),
    ]);
    expect(lines[5]).toBe('problem');
    expect(containerOf(body)).toMatchObject({
      ready: false,
      restartCount: 0,
      state: { terminated: { exitCode: 3, reason: 'Error' } },
    });
    expect(at(body, 'spec', 'nodeName')).toBe('gpu-0');
  });

  it('works in its working directory, on folders of the machine', async () => {
    const shared = path.join(folder, 'shared');
    mkdirSync(shared);
    writeFileSync(path.join(shared, 'in'), 'from the machine');
    await run('worker', 'cat in; cp in out', {
      container: { workingDir: '/mnt/shared', volumeMounts: [{ name: 'shared', mountPath: '/mnt/shared' }] },
      spec: { volumes: [{ name: 'shared', hostPath: { path: shared } }] },
    });
    await server.until(`${pods}/worker`, phaseIs('Succeeded'));
    expect(await logOf('worker')).toBe('from the machine');
    expect(readFileSync(path.join(shared, 'out'), 'utf8')).toBe('from the machine');
  });

  it('does not reach its containers when an init container fails', async () => {
    const init = { name: 'init', image: 'x', command: ['sh', '-c', 'exit 4'] };
    await run('stillborn', 'echo never', { spec: { initContainers: [init] } });
    const { body } = await server.until(`${pods}/stillborn`, phaseIs('Failed'));
    expect(at(body, 'status', 'initContainerStatuses')).toMatchObject([
      { state: { terminated: { exitCode: 4 } } },
    ]);
    expect(await logOf('stillborn', 'container=main')).not.toContain('never');
  });

  it('brings a changed secret into the volume of a running pod', async () => {
    const secrets = '/api/v1/namespaces/default/secrets';
    await server.call('POST', secrets, { metadata: { name: 'turning' }, stringData: { key: 'old' } });
    const wait = 'until grep -q new /etc/turning/key; do cat /etc/turning/key; sleep 0.05; done; echo seen';
    await run('turning', wait.replaceAll('/etc/turning', '$TUNEYARD_MOUNT_V'), {
      container: { volumeMounts: [{ name: 'v', mountPath: '/etc/turning' }] },
      spec: { volumes: [{ name: 'v', secret: { secretName: 'turning' } }] },
    });
    await server.until(`${pods}/turning`, phaseIs('Running'));
    await server.patch(`${secrets}/turning`, 'merge', { stringData: { key: 'new' } });
    await server.until(`${pods}/turning`, phaseIs('Succeeded'));
  });

  it('waits for a missing secret, saying so', async () => {
    await run('waits', 'echo "$T"', {
      container: { env: [{ name: 'T', valueFrom: { secretKeyRef: { name: 'later', key: 't' } } }] },
    });
    await server.until(`${pods}/waits`, ({ body }) =>
      JSON.stringify(body).includes('CreateContainerConfigError'),
    );
    await server.call('POST', '/api/v1/namespaces/default/secrets', {
      metadata: { name: 'later' },
      stringData: { t: 'now' },
    });
    await server.until(`${pods}/waits`, phaseIs('Succeeded'));
    expect(await logOf('waits')).toBe('now\n');
  });

  it('waits for a volume of a missing secret, and says so in events alone', async () => {
    await run('unmounted', 'cat $TUNEYARD_MOUNT_V/t', {
      container: { volumeMounts: [{ name: 'v', mountPath: '/v' }] },
      spec: { volumes: [{ name: 'v', secret: { secretName: 'mounted-later' } }] },
    });
    const events =
      '/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3Dunmounted,type%3DWarning';
    const { body } = await server.until(events, (answer) =>
      JSON.stringify(answer.body).includes('FailedMount'),
    );
    expect(JSON.stringify(body)).toContain(
      'MountVolume.SetUp failed for volume \\"v\\" : secret \\"mounted-later\\" not found',
    );
    const pod = await server.call('GET', `${pods}/unmounted`);
    expect(containerOf(pod.body)).toMatchObject({ state: { waiting: { reason: 'ContainerCreating' } } });
    await server.call('POST', '/api/v1/namespaces/default/secrets', {
      metadata: { name: 'mounted-later' },
      stringData: { t: 'now' },
    });
    await server.until(`${pods}/unmounted`, phaseIs('Succeeded'));
  });

  it('is started again as its restart policy says, and keeps the previous log', async () => {
    const counter = path.join(folder, 'counter');
    await run(
      'again',
      `echo x >> ${counter}; echo run $(wc -l < ${counter}); test $(wc -l < ${counter}) -ge 3`,
      { restartPolicy: 'OnFailure' },
    );
    const { body } = await server.until(`${pods}/again`, phaseIs('Succeeded'));
    expect(containerOf(body)).toMatchObject({ restartCount: 2, lastState: { terminated: { exitCode: 1 } } });
    expect(await logOf('again')).toBe('run 3\n');
    expect(await logOf('again', 'previous=true')).toBe('run 2\n');
  });

  it('is told to stop, then killed after its grace period', async () => {
    const marker = path.join(folder, 'term');
    await run('stubborn', `trap 'echo term > ${marker}' TERM; echo up; while true; do sleep 0.05; done`);
    await server.until(`${pods}/stubborn`, phaseIs('Running'));
    await expect.poll(() => logOf('stubborn')).toContain('up');
    const begin = Date.now();
    await server.call('DELETE', `${pods}/stubborn?gracePeriodSeconds=1`);
    await server.until(`${pods}/stubborn`, ({ status }) => status === 404);
    expect(Date.now() - begin).toBeGreaterThan(900);
    expect(readFileSync(marker, 'utf8')).toBe('term\n');
  });

  it('names a command that cannot be found', async () => {
    await run('lost', '', { container: { command: ['no-such-program'] } });
    const { body } = await server.until(`${pods}/lost`, phaseIs('Failed'));
    expect(containerOf(body)).toMatchObject({
      state: { terminated: { exitCode: 127, reason: 'StartError' } },
    });
  });

  it('is killed when it uses more memory than its limit', async () => {
    const script = 'const kept = []; setInterval(() => kept.push(Buffer.alloc(8e6, 1)), 20);';
    await run('greedy', '', {
      container: { command: [process.execPath, '-e', script], resources: { limits: { memory: '120Mi' } } },
    });
    const { body } = await server.until(`${pods}/greedy`, phaseIs('Failed'));
    expect(containerOf(body)).toMatchObject({
      state: { terminated: { exitCode: 137, reason: 'OOMKilled' } },
    });
  });

  it('waits for a node while none has room', async () => {
    const limits = { container: { resources: { limits: { 'nvidia.com/gpu': '3' } } } };
    await run('big', 'true', limits);
    const { body } = await server.until(
      `${pods}/big`,
      ({ body }) => at(body, 'status', 'conditions') !== undefined,
    );
    expect(JSON.stringify(body)).toContain('0/1 nodes are available: 1 Insufficient nvidia.com/gpu.');
    await server.call('DELETE', `${pods}/big`);
  });
});

describe('logs', () => {
  it('are followed to the end, cut and stamped as asked', async () => {
    await run('talker', 'for i in 1 2 3 4; do echo line $i; sleep 0.1; done');
    await server.until(`${pods}/talker`, ({ body }) => at(body, 'status', 'phase') !== 'Pending');
    expect(await logOf('talker', 'follow=true')).toBe('line 1\nline 2\nline 3\nline 4\n');
    expect(await logOf('talker', 'tailLines=2')).toBe('line 3\nline 4\n');
    expect(await logOf('talker', 'limitBytes=6')).toBe('line 1');
    expect(await logOf('talker', 'tailLines=1&timestamps=true')).toMatch(
      /^\d{4}-\d{2}-\d{2}T[\d:.]+Z line 4\n$/,
    );
    expect(await logOf('talker', 'sinceTime=2100-01-01T00:00:00Z')).toBe('');
  });
});

describe('the agent', () => {
  it('renews the lease of its node', async () => {
    const lease = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/gpu-0';
    const { body } = await server.get(lease);
    expect(at(body, 'metadata', 'ownerReferences')).toMatchObject([{ kind: 'Node', name: 'gpu-0' }]);
    expect(at(body, 'spec', 'holderIdentity')).toBe('gpu-0');
    const renewed = Date.parse(String(at(body, 'spec', 'renewTime')));
    expect(Math.abs(Date.now() - renewed)).toBeLessThan(40_000);
  });

  it('says that its node is not ready on demand', async () => {
    const ready =
      (status: string) =>
      ({ body }: { body: JsonObject }): boolean =>
        (at(body, 'status', 'conditions') as JsonObject[]).some(
          (entry) => entry['type'] === 'Ready' && entry['status'] === status,
        );
    await agent.setReady('gpu-0', false);
    await server.until('/api/v1/nodes/gpu-0', ready('False'));
    await agent.setReady('gpu-0', true);
    await server.until('/api/v1/nodes/gpu-0', ready('True'));
    await server.patch('/api/v1/nodes/gpu-0', 'merge', {
      metadata: { annotations: { 'tuneyard.dev/ready': 'false' } },
    });
    await server.until('/api/v1/nodes/gpu-0', ready('False'));
    await server.patch('/api/v1/nodes/gpu-0', 'merge', {
      metadata: { annotations: { 'tuneyard.dev/ready': null } },
    });
    await server.until('/api/v1/nodes/gpu-0', ready('True'));
    await expect(agent.setReady('other', true)).rejects.toThrow(/no node "other"/);
  });

  it('takes over the processes of an agent that went away, and cleans up when it stops', async () => {
    await agent.close();
    agent = await startAgent(true);
    const marker = path.join(folder, 'go');
    await run('survivor', `echo started; while [ ! -e ${marker} ]; do sleep 0.05; done; echo ended; exit 5`);
    await run('endless', 'echo $$$$; while true; do sleep 0.05; done');
    await server.until(`${pods}/survivor`, phaseIs('Running'));
    await expect.poll(() => logOf('endless')).toMatch(/^\d+\n$/);
    const pid = Number(await logOf('endless'));
    await agent.close();
    expect(isProcessAlive(pid)).toBe(true);
    agent = await startAgent();
    writeFileSync(marker, '');
    const { body } = await server.until(`${pods}/survivor`, phaseIs('Failed'));
    expect(containerOf(body)).toMatchObject({ restartCount: 0, state: { terminated: { exitCode: 5 } } });
    expect(await logOf('survivor')).toBe('started\nended\n');
    await agent.close();
    await expect.poll(() => isProcessAlive(pid)).toBe(false);
    agent = await startAgent();
  });

  it('keeps nothing of pods that are gone', async () => {
    await run('short', 'true');
    const { body } = await server.until(`${pods}/short`, phaseIs('Succeeded'));
    const uid = String(at(body, 'metadata', 'uid'));
    expect(readdirSync(path.join(folder, 'work', 'pods'))).toContain(uid);
    await server.call('DELETE', `${pods}/short`);
    await expect.poll(() => existsSync(path.join(folder, 'work', 'pods', uid))).toBe(false);
  });
});
