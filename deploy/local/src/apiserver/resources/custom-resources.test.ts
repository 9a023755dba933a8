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
