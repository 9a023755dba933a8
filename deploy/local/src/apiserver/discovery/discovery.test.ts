import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestServer } from '../../test-server.js';
import { arrayOr, at, isObject, type JsonObject, objectsOf } from '../json.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
  const schema = {
    openAPIV3Schema: {
      type: 'object',
      properties: {
        spec: { type: 'object', properties: { size: { type: 'integer', description: 'How big.' } } },
      },
    },
  };
  const version = (name: string, storage: boolean): JsonObject => ({ name, served: true, storage, schema });
  const names = { plural: 'things', kind: 'Thing', shortNames: ['tg'] };
  await server.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: 'things.example.dev' },
    spec: {
      group: 'example.dev',
      scope: 'Namespaced',
      names,
      versions: [version('v1alpha1', true), version('v1', false)],
    },
  });
  await server.until('/apis/example.dev', ({ status }) => status === 200);
});
afterAll(() => server.close());

const namesOf = (list: unknown): unknown[] => objectsOf(list).map((entry) => entry['name']);

describe('discovery', () => {
  it('lists groups and resources, the most mature version first', async () => {
    const group = await server.get('/apis/example.dev');
    expect(at(group.body, 'preferredVersion', 'version')).toBe('v1');
    const core = await server.get('/api/v1');
    expect(namesOf(core.body['resources'])).toEqual(
      expect.arrayContaining(['pods', 'pods/status', 'pods/log', 'pods/binding', 'pods/eviction', 'nodes']),
    );
  });

  it('gives everything in one document when asked', async () => {
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    const { body, headers } = await server.get('/apis', { accept });
    expect(headers.get('content-type')).toContain('as=APIGroupDiscoveryList');
    expect(body['kind']).toBe('APIGroupDiscoveryList');
    const group = arrayOr(body['items']).find((item) => at(item, 'metadata', 'name') === 'example.dev');
    const versions = objectsOf(at(group, 'versions'));
    expect(versions.map(({ version }) => version)).toEqual(['v1', 'v1alpha1']);
    expect(objectsOf(versions[0]?.['resources'])[0]).toMatchObject({
      resource: 'things',
      responseKind: { kind: 'Thing' },
      shortNames: ['tg'],
    });
  });
});

describe('OpenAPI', () => {
  it.each([
    ['/openapi/v2', ['definitions']],
    ['/openapi/v3/apis/example.dev/v1', ['components', 'schemas']],
  ])('describes custom kinds in %s', async (path, place) => {
    const { body } = await server.get(path);
    const schemas = at(body, ...place);
    const thing = Object.entries(isObject(schemas) ? schemas : {}).find(([name]) =>
      name.endsWith('.v1.Thing'),
    );
    expect(at(thing?.[1], 'properties', 'spec', 'properties', 'size', 'description')).toBe('How big.');
  });

  it('changes its hash with the definition', async () => {
    const hash = async (): Promise<unknown> =>
      at((await server.get('/openapi/v3')).body, 'paths', 'apis/example.dev/v1', 'serverRelativeURL');
    const before = await hash();
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.example.dev';
    await server.patch(path, 'json', [
      {
        op: 'add',
        path: '/spec/versions/1/schema/openAPIV3Schema/properties/spec/properties/color',
        value: { type: 'string' },
      },
    ]);
    await expect.poll(hash).not.toBe(before);
  });
});

describe('versions of a custom kind', () => {
  it('serve the same objects', async () => {
    const things = (version: string): string => `/apis/example.dev/${version}/namespaces/default/things`;
    await server.call('POST', things('v1'), { metadata: { name: 't' }, spec: { size: 3 } });
    const { body } = await server.get(`${things('v1alpha1')}/t`);
    expect(body).toMatchObject({ apiVersion: 'example.dev/v1alpha1', spec: { size: 3 } });
    const list = await server.get(things('v1'));
    expect(objectsOf(list.body['items'])[0]).toMatchObject({ apiVersion: 'example.dev/v1' });
  });
});
