import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KubeClient } from '../kube-client/kube-client.js';
import { names, TestServer } from '../test-server.js';
import { at, type JsonObject } from './json.js';
import { startControlPlane } from './start-control-plane.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ historyLength: 50, bookmarkSeconds: 1 });
});
afterAll(async () => {
  await server.close();
});

const maps = '/api/v1/namespaces/default/configmaps';
const map = (name: string, data: JsonObject = {}, meta: JsonObject = {}): JsonObject => ({
  metadata: { name, ...meta },
  data,
});
const version = (answer: { body: JsonObject }): string =>
  String(at(answer.body, 'metadata', 'resourceVersion'));

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.dev' },
  spec: {
    group: 'example.dev',
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget', shortNames: ['wd'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
        },
        additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                required: ['size'],
                properties: {
                  size: { type: 'integer', minimum: 1 },
                  color: { type: 'string', default: 'red' },
                  replicas: { type: 'integer' },
                },
                'x-kubernetes-validations': [
                  { rule: 'self.color == oldSelf.color', message: 'color is immutable' },
                ],
              },
              status: {
                type: 'object',
                properties: { ready: { type: 'boolean' }, replicas: { type: 'integer' } },
              },
            },
          },
        },
      },
    ],
  },
};

describe('writes', () => {
  it('creates, refuses a second, replaces by resourceVersion and deletes with preconditions', async () => {
    const made = await server.call('POST', maps, map('crud', { a: '1' }));
    expect(made.status).toBe(201);
    expect((await server.call('POST', maps, map('crud'))).body).toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
    });
    const old = version(made);
    const replaced = await server.call(
      'PUT',
      `${maps}/crud`,
      map('crud', { a: '2' }, { resourceVersion: old }),
    );
    expect(replaced.status).toBe(200);
    const stale = await server.call('PUT', `${maps}/crud`, map('crud', { a: '3' }, { resourceVersion: old }));
    expect(stale.body).toMatchObject({ code: 409, reason: 'Conflict' });
    const wrong = await server.call('DELETE', `${maps}/crud`, { preconditions: { uid: 'other' } });
    expect(wrong.status).toBe(409);
    expect((await server.call('DELETE', `${maps}/crud`)).body).toMatchObject({ status: 'Success' });
    expect((await server.get(`${maps}/crud`)).body).toMatchObject({ code: 404, reason: 'NotFound' });
  });

  it('keeps the resourceVersion when nothing changes, and writes nothing in a dry run', async () => {
    const made = await server.call('POST', maps, map('same', { a: '1' }));
    const again = await server.patch(`${maps}/same`, 'merge', { data: { a: '1' } });
    expect(version(again)).toBe(version(made));
    expect((await server.call('POST', `${maps}?dryRun=All`, map('dry'))).status).toBe(201);
    expect((await server.get(`${maps}/dry`)).status).toBe(404);
  });

  it('makes names from generateName and refuses bad ones', async () => {
    const made = await server.call('POST', maps, { metadata: { generateName: 'gen-' } });
    expect(at(made.body, 'metadata', 'name')).toMatch(/^gen-[a-z0-9]{5}$/);
    expect((await server.call('POST', maps, map('Bad_Name'))).body).toMatchObject({
      code: 422,
      reason: 'Invalid',
    });
  });

  it('refuses unknown fields in strict mode and warns otherwise', async () => {
    const body = { ...map('strict'), bogus: 1 };
    expect((await server.call('POST', `${maps}?fieldValidation=Strict`, body)).body).toMatchObject({
      code: 400,
    });
    const warned = await server.call('POST', maps, body);
    expect(warned.headers.get('warning')).toContain('unknown field \\"bogus\\"');
    expect(warned.body).not.toHaveProperty('bogus');
  });

  it('reports conflicts of server-side apply by field', async () => {
    const body = (value: string): JsonObject => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      ...map('ssa', { a: value }),
    });
    expect((await server.patch(`${maps}/ssa?fieldManager=one`, 'apply', body('1'))).status).toBe(201);
    const refused = await server.patch(`${maps}/ssa?fieldManager=two`, 'apply', body('2'));
    expect(refused.body).toMatchObject({ code: 409, details: { causes: [{ field: '.data.a' }] } });
    expect((await server.patch(`${maps}/ssa?fieldManager=two&force=true`, 'apply', body('2'))).status).toBe(
      200,
    );
  });
});

describe('lists and watches', () => {
  it('pages through one revision, whatever is written meanwhile', async () => {
    const place = '/api/v1/namespaces/kube-public/configmaps';
    for (const name of ['a', 'b', 'c', 'd']) await server.call('POST', place, map(name));
    const first = await server.get(`${place}?limit=2`);
    expect(names(first.body)).toEqual(['a', 'b']);
    await server.call('DELETE', `${place}/c`);
    await server.call('POST', place, map('bb'));
    const token = encodeURIComponent(String(at(first.body, 'metadata', 'continue')));
    const second = await server.get(`${place}?limit=2&continue=${token}`);
    expect(names(second.body)).toEqual(['c', 'd']);
    expect(version(second)).toBe(version(first));
    expect(at(second.body, 'metadata', 'continue')).toBeUndefined();
    expect(names((await server.get(place)).body)).toEqual(['a', 'b', 'bb', 'd']);
    const exact = await server.get(`${place}?resourceVersion=${version(first)}&resourceVersionMatch=Exact`);
    expect(names(exact.body)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('replays what a watch missed, and turns selector changes into ADDED and DELETED', async () => {
    const start = version(await server.get(maps));
    await server.call('POST', maps, map('w', {}, { labels: { on: 'no' } }));
    await server.patch(`${maps}/w`, 'merge', { metadata: { labels: { on: 'yes' } } });
    await server.patch(`${maps}/w`, 'merge', { data: { x: '1' } });
    await server.patch(`${maps}/w`, 'merge', { metadata: { labels: { on: 'no' } } });
    const events = await server.watch(
      `${maps}?watch=true&resourceVersion=${start}&labelSelector=on%3Dyes`,
      3,
    );
    expect(events.map((event) => event['type'])).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
  });

  it('answers 410 for what is forgotten and for what never was', async () => {
    const start = version(await server.get(maps));
    await server.call('POST', maps, map('compacted'));
    await server.call('POST', '/tuneyard/v1/compact');
    for (const revision of [start, '999999999']) {
      const events = await server.watch(`${maps}?watch=true&resourceVersion=${revision}`, 1);
      expect(events[0]).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
    }
  });

  it('sends bookmarks, and initial events when asked', async () => {
    const query =
      'watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=2';
    const events = await server.watch(`/api/v1/namespaces?${query}`, 6);
    expect(events.slice(0, 4).map((event) => event['type'])).toEqual(['ADDED', 'ADDED', 'ADDED', 'ADDED']);
    expect(at(events[4], 'object', 'metadata', 'annotations')).toEqual({
      'k8s.io/initial-events-end': 'true',
    });
    expect(events[5]?.['type']).toBe('BOOKMARK');
  });
});

describe('custom resources', () => {
  const widgets = '/apis/example.dev/v1/namespaces/default/widgets';
  beforeAll(async () => {
    expect(
      (await server.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition))
        .status,
    ).toBe(201);
    await server.until(
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.dev',
      ({ body }) => JSON.stringify(at(body, 'status', 'conditions')).includes('Established'),
    );
  });

  it('validates, defaults, prunes and evaluates rules', async () => {
    const widget = (spec: JsonObject): JsonObject => ({ metadata: { name: 'w' }, spec });
    expect((await server.call('POST', widgets, widget({ size: 0 }))).body).toMatchObject({
      code: 422,
      details: { causes: [{ field: 'spec.size' }] },
    });
    const made = await server.call('POST', widgets, {
      ...widget({ size: 1, junk: 2 }),
      status: { ready: true },
    });
    expect(made.body).toMatchObject({ spec: { size: 1, color: 'red' }, metadata: { generation: 1 } });
    expect(at(made.body, 'spec', 'junk')).toBeUndefined();
    expect(made.body).not.toHaveProperty('status');
    const recolored = await server.patch(`${widgets}/w`, 'merge', { spec: { color: 'blue' } });
    expect(recolored.body).toMatchObject({ code: 422, details: { causes: [{ field: 'spec' }] } });
    expect(recolored.body['message']).toContain('color is immutable');
  });

  it('keeps status and spec apart and counts generations', async () => {
    await server.call('POST', widgets, { metadata: { name: 's' }, spec: { size: 1 } });
    await server.patch(`${widgets}/s/status`, 'merge', { status: { ready: true }, spec: { size: 9 } });
    const resized = await server.patch(`${widgets}/s`, 'merge', {
      status: { ready: false },
      spec: { size: 2 },
    });
    expect(resized.body).toMatchObject({
      spec: { size: 2 },
      status: { ready: true },
      metadata: { generation: 2 },
    });
  });

  it('has a scale subresource, printer columns and a table form', async () => {
    await server.call('POST', widgets, { metadata: { name: 'scaled' }, spec: { size: 7, replicas: 1 } });
    const scale = await server.patch(`${widgets}/scaled/scale`, 'merge', { spec: { replicas: 3 } });
    expect(scale.body).toMatchObject({ kind: 'Scale', spec: { replicas: 3 } });
    const table = await server.get(`${widgets}/scaled`, {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
    });
    expect(table.body).toMatchObject({ kind: 'Table', rows: [{ cells: ['scaled', 7] }] });
  });

  it('refuses strategic merge, and definitions with rules that cannot run', async () => {
    expect((await server.patch(`${widgets}/w`, 'strategic-merge', {})).status).toBe(415);
    const text = JSON.stringify(definition)
      .replaceAll('widgets', 'gadgets')
      .replaceAll('Widget', 'Gadget')
      .replace('self.color ==', 'nothing(self) ==');
    const bad = await server.call(
      'POST',
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      JSON.parse(text),
    );
    expect(bad.body).toMatchObject({ code: 422 });
  });

  it('goes away with its instances when the definition is deleted', async () => {
    await server.call(
      'DELETE',
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.dev',
    );
    expect((await server.until(widgets, ({ status }) => status === 404)).status).toBe(404);
  });
});

describe('deletion', () => {
  const owned = (name: string, owner: JsonObject, block = false): JsonObject =>
    map(
      name,
      {},
      {
        ownerReferences: [
          {
            apiVersion: 'v1',
            kind: 'ConfigMap',
            name: at(owner, 'metadata', 'name'),
            uid: at(owner, 'metadata', 'uid'),
            blockOwnerDeletion: block,
          },
        ],
      },
    );

  it('collects dependents in the background', async () => {
    const owner = await server.call('POST', maps, map('owner'));
    await server.call('POST', maps, owned('dependent', owner.body));
    await server.call('DELETE', `${maps}/owner`);
    await server.until(`${maps}/dependent`, ({ status }) => status === 404);
  });

  it('waits for blocking dependents in the foreground', async () => {
    const owner = await server.call('POST', maps, map('front'));
    const blocking = owned('blocking', owner.body, true);
    await server.call('POST', maps, {
      ...blocking,
      metadata: { ...(blocking['metadata'] as JsonObject), finalizers: ['test/hold'] },
    });
    await server.call('DELETE', `${maps}/front?propagationPolicy=Foreground`);
    await server.until(
      `${maps}/blocking`,
      ({ body }) => at(body, 'metadata', 'deletionTimestamp') !== undefined,
    );
    expect((await server.get(`${maps}/front`)).status).toBe(200);
    await server.patch(`${maps}/blocking`, 'merge', { metadata: { finalizers: null } });
    await server.until(`${maps}/front`, ({ status }) => status === 404);
  });

  it('leaves dependents when they are orphaned', async () => {
    const owner = await server.call('POST', maps, map('parent'));
    await server.call('POST', maps, owned('orphan', owner.body));
    await server.call('DELETE', `${maps}/parent?propagationPolicy=Orphan`);
    await server.until(`${maps}/parent`, ({ status }) => status === 404);
    expect(at((await server.get(`${maps}/orphan`)).body, 'metadata', 'ownerReferences')).toBeUndefined();
  });

  it('empties namespaces, and refuses new content meanwhile', async () => {
    await server.call('POST', '/api/v1/namespaces', { metadata: { name: 'going' } });
    await server.call(
      'POST',
      '/api/v1/namespaces/going/configmaps',
      map('held', {}, { finalizers: ['test/hold'] }),
    );
    await server.call('DELETE', '/api/v1/namespaces/going');
    expect(
      (await server.call('POST', '/api/v1/namespaces/going/configmaps', map('late'))).body,
    ).toMatchObject({ code: 403 });
    await server.patch('/api/v1/namespaces/going/configmaps/held', 'merge', { metadata: { finalizers: [] } });
    await server.until('/api/v1/namespaces/going', ({ status }) => status === 404);
  });
});

describe('pods', () => {
  const pods = '/api/v1/namespaces/default/pods';
  const pod = (name: string): JsonObject => ({
    metadata: { name, labels: { app: name } },
    spec: { containers: [{ name: 'c', image: 'x' }] },
  });

  it('are bound once, and wait for their grace period', async () => {
    await server.call('POST', pods, pod('bound'));
    const binding = { target: { name: 'node-1' } };
    expect((await server.call('POST', `${pods}/bound/binding`, binding)).status).toBe(201);
    expect((await server.call('POST', `${pods}/bound/binding`, binding)).status).toBe(409);
    const changed = await server.patch(`${pods}/bound`, 'merge', { spec: { nodeName: 'node-2' } });
    expect(changed.body).toMatchObject({ code: 422 });
    const going = await server.call('DELETE', `${pods}/bound`);
    expect(going.body).toMatchObject({ metadata: { deletionGracePeriodSeconds: 30 } });
    await server.call('DELETE', `${pods}/bound?gracePeriodSeconds=0`);
    expect((await server.get(`${pods}/bound`)).status).toBe(404);
  });

  it('are protected from eviction by a budget', async () => {
    await server.call('POST', pods, pod('guarded'));
    await server.patch(`${pods}/guarded/status`, 'merge', {
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    });
    const budget = {
      metadata: { name: 'b' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'guarded' } } },
    };
    await server.call('POST', '/apis/policy/v1/namespaces/default/poddisruptionbudgets', budget);
    expect((await server.call('POST', `${pods}/guarded/eviction`, {})).body).toMatchObject({ code: 429 });
    await server.call('DELETE', '/apis/policy/v1/namespaces/default/poddisruptionbudgets/b');
    expect((await server.call('POST', `${pods}/guarded/eviction`, {})).status).toBe(201);
  });
});

describe('events', () => {
  it('are the same objects in core and events.k8s.io', async () => {
    await server.call('POST', '/api/v1/namespaces/default/events', {
      metadata: { name: 'e' },
      involvedObject: { kind: 'Pod', name: 'p' },
      message: 'hello',
      reason: 'Test',
      type: 'Normal',
    });
    const modern = await server.get('/apis/events.k8s.io/v1/namespaces/default/events/e');
    expect(modern.body).toMatchObject({
      apiVersion: 'events.k8s.io/v1',
      note: 'hello',
      regarding: { name: 'p' },
    });
  });
});

describe('faults', () => {
  it('disturb the requests they match, as often as ordered', async () => {
    await server.call('POST', '/tuneyard/v1/faults', {
      code: 429,
      retryAfterSeconds: 7,
      resource: 'configmaps',
      method: 'GET',
      count: 1,
    });
    const disturbed = await server.get(maps);
    expect(disturbed.status).toBe(429);
    expect(disturbed.headers.get('retry-after')).toBe('7');
    expect((await server.get(maps)).status).toBe(200);
    expect((await server.call('POST', '/tuneyard/v1/faults', { code: 500, oops: 1 })).status).toBe(400);
  });
});

describe('credentials', () => {
  it('are demanded over TLS, and roles are enforced', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'tuneyard-test-'));
    const plane = await startControlPlane({
      rbac: true,
      kubeconfigPath: path.join(folder, 'admin'),
      tokens: [{ token: 'bobs-token', user: { name: 'bob', groups: ['system:authenticated'] } }],
    });
    const clients: KubeClient[] = [];
    const clientOf = async (name: string, text: string): Promise<KubeClient> => {
      writeFileSync(path.join(folder, name), text, { mode: 0o600 });
      const client = await KubeClient.fromKubeconfig(path.join(folder, name), 'test');
      clients.push(client);
      return client;
    };
    try {
      const admin = await clientOf('admin', plane.kubeconfig);
      const nobody = await clientOf('nobody', plane.kubeconfig.replace(plane.token, 'wrong'));
      const bob = await clientOf('bob', plane.kubeconfig.replace(plane.token, 'bobs-token'));
      const carol = await clientOf('carol', plane.clientKubeconfig('carol', ['team']));
      await expect(nobody.get('/api/v1/pods')).rejects.toMatchObject({ code: 401 });
      await expect(bob.get('/api/v1/pods')).rejects.toMatchObject({ code: 403 });
      const role = {
        metadata: { name: 'read' },
        rules: [{ verbs: ['list'], apiGroups: [''], resources: ['pods'] }],
      };
      await admin.create('/apis/rbac.authorization.k8s.io/v1/clusterroles', role);
      await admin.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
        metadata: { name: 'read' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'read' },
        subjects: [
          { kind: 'User', name: 'bob' },
          { kind: 'Group', name: 'team' },
        ],
      });
      expect(await bob.get('/api/v1/pods')).toMatchObject({ kind: 'PodList' });
      expect(await carol.get('/api/v1/pods')).toMatchObject({ kind: 'PodList' });
      await expect(carol.get('/api/v1/secrets')).rejects.toMatchObject({ code: 403 });
    } finally {
      for (const client of clients) client.close();
      await plane.close();
      rmSync(folder, { recursive: true });
    }
  });
});
