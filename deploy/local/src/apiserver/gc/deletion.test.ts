import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestServer } from '../../test-server.js';
import { at, type JsonObject } from '../json.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(async () => {
  await server.close();
});

const maps = '/api/v1/namespaces/default/configmaps';
const map = (name: string, data: JsonObject = {}, meta: JsonObject = {}): JsonObject => ({
  metadata: { name, ...meta },
  data,
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
