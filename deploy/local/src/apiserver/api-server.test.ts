import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { names, TestServer } from '../test-server.js';
import { at, type JsonObject } from './json.js';

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

  it('refuses bodies that are too large, and goes on', async () => {
    const data = { text: 'x'.repeat(4 * 1024 * 1024) };
    const refused = await server.call('POST', maps, { metadata: { name: 'large' }, data });
    expect(refused.status).toBe(413);
    expect(refused.body).toMatchObject({ reason: 'RequestEntityTooLarge' });
    expect((await server.get(`${maps}/large`)).status).toBe(404);
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
