import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestServer } from '../test-server.js';
import { FaultInjector } from './faults/fault-injector.js';
import { at } from './json.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ bookmarkSeconds: 0.05 });
});
afterAll(() => server.close());

describe('a watch that asks for bookmarks', () => {
  it('gets none before the first event of its resource since the start', async () => {
    const path = '/api/v1/persistentvolumeclaims?watch=true&allowWatchBookmarks=true&timeoutSeconds=1';
    expect(await server.watch(path, 1)).toEqual([]);
    const claim = { metadata: { name: 'a' }, spec: {} };
    await server.call('POST', '/api/v1/namespaces/default/persistentvolumeclaims', claim);
    const events = await server.watch(`${path}&resourceVersion=0`, 2);
    expect(events.map(({ type }) => type)).toEqual(['ADDED', 'BOOKMARK']);
  });
});

describe('a fault with a duration', () => {
  it('answers as a server that has just started until the time is over', async () => {
    let now = 0;
    const faults = new FaultInjector(() => now);
    const message = 'pods is forbidden: User "a" cannot list resource "pods": RBAC is not loaded';
    faults.order({ code: 403, forMilliseconds: 1000, message, resource: 'pods' });
    await faults.disturb('GET', 'nodes', false);
    for (const instant of [0, 500, 999]) {
      now = instant;
      await expect(faults.disturb('GET', 'pods', false)).rejects.toMatchObject({
        code: 403,
        reason: 'Forbidden',
        message,
      });
    }
    now = 1000;
    await faults.disturb('GET', 'pods', false);
  });
});

describe('GET scale', () => {
  it('answers 500 for a custom object without a replica count, as Kubernetes does', async () => {
    const subresources = {
      scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' },
    };
    const schema = {
      openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    };
    await server.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      metadata: { name: 'things.example.dev' },
      spec: {
        group: 'example.dev',
        scope: 'Namespaced',
        names: { plural: 'things', kind: 'Thing' },
        versions: [{ name: 'v1', served: true, storage: true, subresources, schema }],
      },
    });
    const things = '/apis/example.dev/v1/namespaces/default/things';
    await server.until(things, ({ status }) => status === 200);
    await server.call('POST', things, {
      apiVersion: 'example.dev/v1',
      kind: 'Thing',
      metadata: { name: 'a' },
      spec: {},
    });
    const missing = await server.get(`${things}/a/scale`);
    expect(missing).toMatchObject({
      status: 500,
      body: { message: 'Internal error occurred: the spec replicas field ".spec.size" does not exist' },
    });
    expect((await server.patch(`${things}/a/scale`, 'merge', { spec: { replicas: 3 } })).status).toBe(200);
    expect(at((await server.get(`${things}/a/scale`)).body, 'spec', 'replicas')).toBe(3);
  });
});
