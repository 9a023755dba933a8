import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestServer, type Answer } from '../../test-server.js';
import { at } from '../json.js';

let server: TestServer;
let count = 0;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.close());

async function namespace(labels: object = {}): Promise<string> {
  const name = `space-${(count += 1)}`;
  expect((await server.call('POST', '/api/v1/namespaces', { metadata: { name, labels } })).status).toBe(201);
  return name;
}

const put = (space: string, resource: string, name: string, spec: object): Promise<Answer> =>
  server.call('POST', `/api/v1/namespaces/${space}/${resource}`, { metadata: { name }, spec });

const container = (resources: object = {}, more: object = {}): object => ({
  name: 'trainer',
  image: 'trainer:1',
  resources,
  ...more,
});
const pod = (space: string, name: string, resources: object = {}, more: object = {}): Promise<Answer> =>
  put(space, 'pods', name, { containers: [container(resources)], ...more });
const gpus = (amount: number): object => ({ limits: { 'nvidia.com/gpu': String(amount) } });
const message = ({ body }: Answer): unknown => body['message'];

describe('a ResourceQuota', () => {
  it('refuses what goes beyond it, in the words of the API, until room is made', async () => {
    const space = await namespace();
    await put(space, 'resourcequotas', 'g', { hard: { 'requests.nvidia.com/gpu': '3', pods: '5' } });
    expect((await pod(space, 'a', gpus(2))).status).toBe(201);
    const refused = await pod(space, 'b', gpus(2));
    expect(refused).toMatchObject({ status: 403, body: { reason: 'Forbidden' } });
    expect(message(refused)).toBe(
      'pods "b" is forbidden: exceeded quota: g, requested: requests.nvidia.com/gpu=2, used: requests.nvidia.com/gpu=2, limited: requests.nvidia.com/gpu=3',
    );
    expect((await pod(space, 'c', gpus(1))).status).toBe(201);
    await server.call('DELETE', `/api/v1/namespaces/${space}/pods/a`);
    expect((await pod(space, 'b', gpus(2))).status).toBe(201);
    const quota = `/api/v1/namespaces/${space}/resourcequotas/g`;
    await server.until(quota, ({ body }) => at(body, 'status', 'used', 'pods') === '2');
    expect((await server.get(quota)).body['status']).toEqual({
      hard: { 'requests.nvidia.com/gpu': '3', pods: '5' },
      used: { 'requests.nvidia.com/gpu': '3', pods: '2' },
    });
  });

  it('counts a pod until it has ended, and only within its scopes', async () => {
    const space = await namespace();
    await put(space, 'resourcequotas', 'one', { hard: { pods: '1' }, scopes: ['BestEffort'] });
    expect((await pod(space, 'sized', { requests: { cpu: '1' } })).status).toBe(201);
    expect((await pod(space, 'first')).status).toBe(201);
    expect((await pod(space, 'second')).status).toBe(403);
    const status = { status: { phase: 'Succeeded' } };
    await server.patch(`/api/v1/namespaces/${space}/pods/first/status`, 'merge', status);
    expect((await pod(space, 'second')).status).toBe(201);
  });

  it('of CPU and memory wants every container to say what it takes', async () => {
    const space = await namespace();
    await put(space, 'resourcequotas', 'c', {
      hard: { 'requests.cpu': '2', 'limits.memory': '3Gi', memory: '3Gi' },
    });
    expect(message(await pod(space, 'a', { requests: { cpu: '1' } }))).toBe(
      'pods "a" is forbidden: failed quota: c: must specify limits.memory for: trainer; memory for: trainer',
    );
    const sized = { requests: { cpu: '500m' }, limits: { memory: '1538Mi' } };
    expect((await pod(space, 'a', sized)).status).toBe(201);
    expect(message(await pod(space, 'b', sized))).toContain(
      'exceeded quota: c, requested: limits.memory=1538Mi,memory=1538Mi, used: limits.memory=1538Mi,memory=1538Mi, limited: limits.memory=3Gi,memory=3Gi',
    );
  });

  it('counts objects of other kinds', async () => {
    const space = await namespace();
    const hard = { configmaps: '1', 'count/leases.coordination.k8s.io': '0' };
    await put(space, 'resourcequotas', 'n', { hard });
    const create = (path: string, name: string) =>
      server.call('POST', path, { metadata: { name }, spec: {} });
    const maps = `/api/v1/namespaces/${space}/configmaps`;
    expect((await create(maps, 'a')).status).toBe(201);
    expect((await create(maps, 'b')).status).toBe(403);
    expect((await create(`/apis/coordination.k8s.io/v1/namespaces/${space}/leases`, 'l')).status).toBe(403);
  });
});

describe('a LimitRange', () => {
  it('fills in limits and requests, from which a larger request follows to be invalid', async () => {
    const space = await namespace();
    const limits = [{ type: 'Container', default: { cpu: '500m', memory: '512Mi' } }];
    await put(space, 'limitranges', 'small', { limits });
    const made = await pod(space, 'a');
    expect(at(made.body, 'spec', 'containers')).toMatchObject([
      { resources: { limits: { cpu: '500m', memory: '512Mi' }, requests: { cpu: '500m', memory: '512Mi' } } },
    ]);
    expect(at(made.body, 'status', 'qosClass')).toBe('Guaranteed');
    const refused = await pod(space, 'b', { requests: { memory: '1538Mi' } });
    expect(refused.status).toBe(422);
    expect(message(refused)).toBe(
      'Pod "b" is invalid: spec.containers[0].resources.requests: Invalid value: "1538Mi": must be less than or equal to memory limit of 512Mi',
    );
  });

  it('refuses what is below its minimum or above its maximum', async () => {
    const space = await namespace();
    await put(space, 'limitranges', 'bounds', {
      limits: [
        { type: 'Container', min: { cpu: '200m' }, max: { cpu: '2' }, default: { cpu: '1' } },
        { type: 'Pod', max: { memory: '1Gi' } },
      ],
    });
    const sized = (cpu: string, memory: string) => ({ limits: { cpu, memory } });
    expect((await pod(space, 'a', sized('1', '1Gi'))).status).toBe(201);
    expect(message(await pod(space, 'b', sized('4', '1Gi')))).toBe(
      'pods "b" is forbidden: maximum cpu usage per Container is 2, but limit is 4',
    );
    expect(message(await pod(space, 'c', sized('100m', '1Gi')))).toContain(
      'minimum cpu usage per Container is 200m, but request is 100m',
    );
    expect(message(await pod(space, 'd', sized('1', '2Gi')))).toContain(
      'maximum memory usage per Pod is 1Gi, but limit is 2Gi',
    );
    expect(message(await pod(space, 'e'))).toContain(
      'maximum memory usage per Pod is 1Gi.  No limit is specified',
    );
  });
});

describe('Pod Security of a namespace', () => {
  it('restricted lets a hardened pod in and names everything that another one lacks', async () => {
    const space = await namespace({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    const hardened = {
      allowPrivilegeEscalation: false,
      runAsNonRoot: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    };
    const spec = { containers: [container({}, { securityContext: hardened })] };
    expect((await put(space, 'pods', 'good', spec)).status).toBe(201);
    const refused = await pod(space, 'bad', {}, { volumes: [{ name: 'v', hostPath: { path: '/' } }] });
    expect(refused.status).toBe(403);
    expect(message(refused)).toBe(
      'pods "bad" is forbidden: violates PodSecurity "restricted:latest": ' +
        'allowPrivilegeEscalation != false (container "trainer" must set securityContext.allowPrivilegeEscalation=false), ' +
        'unrestricted capabilities (container "trainer" must set securityContext.capabilities.drop=["ALL"]), ' +
        'restricted volume types (volume "v" uses restricted volume type "hostPath"), ' +
        'runAsNonRoot != true (pod or container "trainer" must set securityContext.runAsNonRoot=true), ' +
        'seccompProfile (pod or container "trainer" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    );
  });

  it('baseline refuses the node, not root', async () => {
    const space = await namespace({ 'pod-security.kubernetes.io/enforce': 'baseline' });
    expect((await pod(space, 'good')).status).toBe(201);
    expect(message(await pod(space, 'net', {}, { hostNetwork: true }))).toContain(
      'host namespaces (hostNetwork=true)',
    );
    const volumes = [{ name: 'v', hostPath: { path: '/data' } }];
    expect(message(await pod(space, 'path', {}, { volumes }))).toContain('hostPath volumes (volume "v")');
  });
});

describe('a pod that cannot be', () => {
  it.each([
    [
      'a label value',
      { metadata: { labels: { a: 'not valid!' } } },
      'metadata.labels: Invalid value: "not valid!"',
    ],
    [
      'a quantity',
      { container: { resources: { limits: { cpu: 'lots' } } } },
      'spec.containers[0].resources.limits',
    ],
    [
      'a negative amount',
      { container: { resources: { limits: { cpu: '-1' } } } },
      'must be greater than or equal to 0',
    ],
    [
      'half a GPU',
      { container: { resources: { limits: { 'nvidia.com/gpu': '500m' } } } },
      'spec.containers[0].resources.limits[nvidia.com/gpu]: Invalid value: "500m": must be an integer',
    ],
    [
      'a GPU without a limit',
      { container: { resources: { requests: { 'nvidia.com/gpu': '1' } } } },
      'spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources',
    ],
    [
      'a resource without a domain',
      { container: { resources: { limits: { gpu: '1' } } } },
      'spec.containers[0].resources.limits[gpu]: Invalid value: "gpu": must be a standard resource type',
    ],
    [
      'a mount without a volume',
      { container: { volumeMounts: [{ name: 'data', mountPath: '/data' }] } },
      'spec.containers[0].volumeMounts[0].name: Not found: "data"',
    ],
    [
      'two mounts at one path',
      {
        spec: { volumes: [{ name: 'v', emptyDir: {} }] },
        container: {
          volumeMounts: [
            { name: 'v', mountPath: '/x' },
            { name: 'v', mountPath: '/x' },
          ],
        },
      },
      'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/x": must be unique',
    ],
    [
      'an environment name',
      { container: { env: [{ name: '1 BAD', value: 'x' }] } },
      'spec.containers[0].env[0].name: Invalid value: "1 BAD": a valid environment variable name',
    ],
    [
      'a container name',
      { container: { name: 'Not_A_Label' } },
      'spec.containers[0].name: Invalid value: "Not_A_Label"',
    ],
    [
      'a broken init container',
      { spec: { initContainers: [{ name: 'trainer', image: '' }] } },
      'spec.initContainers[0].name: Duplicate value: "trainer"',
    ],
    [
      'a volume of two kinds',
      { spec: { volumes: [{ name: 'v', emptyDir: {}, secret: { secretName: 's' } }] } },
      'spec.volumes[0].secret: Forbidden: may not specify more than 1 volume type',
    ],
    [
      'a node selector',
      { spec: { nodeSelector: { a: 'not valid!' } } },
      'spec.nodeSelector: Invalid value: "not valid!"',
    ],
    [
      'a key of the node selector',
      { spec: { nodeSelector: { 'gpu type': 'x' } } },
      'spec.nodeSelector: Invalid value: "gpu type": name part must consist of',
    ],
    [
      'an amount with a foreign unit',
      { container: { resources: { limits: { memory: '32 GB' } } } },
      'spec.containers[0].resources.limits',
    ],
    [
      'a toleration',
      { spec: { tolerations: [{ key: 'a', operator: 'Exists', value: 'b' }] } },
      'spec.tolerations[0].operator: Invalid value',
    ],
  ])('is refused with the place: %s', async (_what, given, wanted) => {
    const { spec, metadata, ...more } = given as Record<string, object>;
    const answer = await server.call('POST', '/api/v1/namespaces/default/pods', {
      metadata: { name: 'p', ...metadata },
      spec: { containers: [container({}, more['container'])], ...spec },
    });
    expect(answer.status, JSON.stringify(answer.body)).toBe(422);
    expect(message(answer)).toContain(wanted);
  });
});
