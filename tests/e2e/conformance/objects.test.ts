import type { KubeObject } from '@tuneyard/controller/kube';
import { isNotFound, Reflector } from '@tuneyard/controller/kube';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../controller/cluster.js';
import type { ConfigMap, Widget, WidgetKind } from './kinds.js';
import { CONFIG_MAPS, configMap, widgetKind } from './kinds.js';
import type { TestCluster } from './test-cluster.js';
import { PATIENCE_MS, startTestCluster } from './test-cluster.js';

let cluster: TestCluster;
let widgets: WidgetKind;
beforeAll(async () => {
  cluster = await startTestCluster();
  widgets = widgetKind(cluster.namespace);
  await cluster.install(widgets.definition);
});
afterAll(() => cluster.close());

const ref = (name: string) => ({ name, namespace: cluster.namespace });
const put = (name: string, data: Record<string, string>, metadata: object = {}) =>
  cluster.client.create(CONFIG_MAPS, configMap(cluster.namespace, name, data, metadata));
const exists = (name: string) =>
  cluster.client.get(CONFIG_MAPS, ref(name)).then(
    () => true,
    (error: unknown) => {
      if (isNotFound(error)) return false;
      throw error;
    },
  );
/** The `code` of the Status that the request is refused with. */
const refusal = (request: Promise<unknown>) =>
  request.then(
    () => 0,
    (error: unknown) => (error as { status?: number }).status,
  );

describe('objects', () => {
  it('are replaced by resourceVersion, deleted by uid, and made once', async () => {
    const made = await put('once', { a: '1' });
    expect(await refusal(put('once', {}))).toBe(409);
    const second = await cluster.client.update(CONFIG_MAPS, { ...made, data: { a: '2' } });
    expect(second.metadata.resourceVersion).not.toBe(made.metadata.resourceVersion);
    expect(await refusal(cluster.client.update(CONFIG_MAPS, { ...made, data: { a: '3' } }))).toBe(409);
    const same = await cluster.client.update(CONFIG_MAPS, second);
    expect(same.metadata.resourceVersion).toBe(second.metadata.resourceVersion);
    const other = { preconditions: { uid: '00000000-0000-0000-0000-000000000000' } };
    expect(await refusal(cluster.client.delete(CONFIG_MAPS, ref('once'), other))).toBe(409);
    expect(await cluster.client.delete(CONFIG_MAPS, ref('once'))).toBe(true);
    expect(await cluster.client.delete(CONFIG_MAPS, ref('once'))).toBe(false);
  });

  it('get a name from generateName; a dry run leaves nothing', async () => {
    const made = await put('', {}, { generateName: 'made-' });
    expect(made.metadata.name).toMatch(/^made-[a-z0-9]{5}$/);
    const dry = configMap(cluster.namespace, 'dry', {});
    await cluster.client.create(CONFIG_MAPS, dry, { dryRun: true });
    expect(await exists('dry')).toBe(false);
  });

  it('are shared by field between managers', async () => {
    const of = (data: Record<string, string>) => configMap(cluster.namespace, 'shared', data);
    await cluster.client.apply(CONFIG_MAPS, of({ a: '1', b: '1' }), { fieldManager: 'one' });
    const refused = cluster.client.apply(CONFIG_MAPS, of({ a: '2' }), { fieldManager: 'two', force: false });
    await expect(refused).rejects.toThrow(/conflict with "one".*\.data\.a/s);
    await cluster.client.apply(CONFIG_MAPS, of({ a: '2' }), { fieldManager: 'two' });
    const left = await cluster.client.apply(CONFIG_MAPS, of({}), { fieldManager: 'one' });
    expect(left.data).toEqual({ a: '2' });
  });

  it('stay until their finalizers are gone', async () => {
    await put('held', {}, { finalizers: ['conformance.tuneyard.dev/hold'] });
    await cluster.client.delete(CONFIG_MAPS, ref('held'));
    const going = await cluster.client.get<ConfigMap>(CONFIG_MAPS, ref('held'));
    expect(going.metadata.deletionTimestamp).toBeDefined();
    await cluster.client.mergePatch(CONFIG_MAPS, ref('held'), { metadata: { finalizers: null } });
    expect(await exists('held')).toBe(false);
  });

  it.each([
    ['Background', false],
    ['Foreground', false],
    ['Orphan', true],
  ] as const)(
    'are collected after their owner as %s says',
    async (propagationPolicy, stays) => {
      const name = propagationPolicy.toLowerCase();
      const owner = await put(name, {});
      const reference = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        name,
        uid: owner.metadata.uid,
        blockOwnerDeletion: true,
      };
      await put(`child-of-${name}`, {}, { ownerReferences: [reference] });
      await cluster.client.delete(CONFIG_MAPS, ref(name), { propagationPolicy });
      await until('the owner is gone', async () => !(await exists(name)), PATIENCE_MS);
      if (stays) {
        const child = await cluster.client.get<ConfigMap>(CONFIG_MAPS, ref(`child-of-${name}`));
        expect(child.metadata.ownerReferences ?? []).toEqual([]);
      } else {
        await until('the child is gone', async () => !(await exists(`child-of-${name}`)), PATIENCE_MS);
      }
    },
    240_000,
  );
});

describe('lists and watches', () => {
  it('select by label and field, in pages', async () => {
    const labels = { page: 'yes' };
    for (let i = 0; i < 5; i++) await put(`page-${i}`, {}, { labels });
    const namespace = cluster.namespace;
    const seen: string[] = [];
    let next: string | undefined;
    do {
      const page = await cluster.client.list<ConfigMap>(CONFIG_MAPS, {
        namespace,
        labelSelector: 'page in (yes),!other',
        limit: 2,
        continue: next,
      });
      expect(page.items.length).toBeLessThanOrEqual(2);
      seen.push(...page.items.map(({ metadata }) => metadata.name));
      next = page.metadata.continue || undefined;
    } while (next !== undefined);
    expect(seen).toEqual(['page-0', 'page-1', 'page-2', 'page-3', 'page-4']);
    const one = await cluster.client.list<ConfigMap>(CONFIG_MAPS, {
      namespace,
      fieldSelector: 'metadata.name=page-3',
    });
    expect(one.items.map(({ metadata }) => metadata.name)).toEqual(['page-3']);
  });

  it('tell a reflector every change', async () => {
    const reflector = new Reflector<ConfigMap>(cluster.client, CONFIG_MAPS, {
      namespace: cluster.namespace,
      labelSelector: 'watched=yes',
      indexers: { tier: ({ metadata }) => [metadata.labels?.['tier'] ?? ''] },
    });
    const told: string[] = [];
    reflector.cache.subscribe(({ type, object }) => told.push(`${type} ${object.metadata.name}`));
    await put('before', {}, { labels: { watched: 'yes', tier: 'a' } });
    reflector.start();
    await reflector.synced();
    await put('after', {}, { labels: { watched: 'yes', tier: 'b' } });
    await cluster.client.mergePatch(CONFIG_MAPS, ref('before'), { metadata: { labels: { tier: 'b' } } });
    await until('both are in tier b', async () => reflector.cache.byIndex('tier', 'b').length === 2);
    await cluster.client.mergePatch(CONFIG_MAPS, ref('before'), { metadata: { labels: { watched: 'no' } } });
    await cluster.client.delete(CONFIG_MAPS, ref('after'));
    await until('both are gone', async () => reflector.cache.size === 0);
    await reflector.stop();
    expect(told).toEqual([
      'added before',
      'added after',
      'modified before',
      'deleted before',
      'deleted after',
    ]);
  });
});

describe('a custom kind', () => {
  it('is validated, given defaults and pruned', async () => {
    const of = (name: string, size: number, more = {}) =>
      cluster.client.create(widgets.resource, widgets.widget(name, size, more));
    await expect(of('none', 0)).rejects.toThrow('should be greater than or equal to 1');
    const made = await of('small', 1, { bogus: true });
    expect(made.spec).toEqual({ size: 1, color: 'red', replicas: 1 });
    expect(made.metadata.generation).toBe(1);
    const paint = cluster.client.mergePatch(widgets.resource, ref('small'), { spec: { color: 'blue' } });
    await expect(paint).rejects.toThrow('small ones keep their color');
  });

  it('has a status and a scale of its own', async () => {
    await cluster.client.create(widgets.resource, widgets.widget('parts', 2));
    const ignored = await cluster.client.mergePatch<Widget>(widgets.resource, ref('parts'), {
      status: { note: 'not from here' },
    });
    expect(ignored.status).toBeUndefined();
    const noted = await cluster.client.mergePatch<Widget>(
      widgets.resource,
      ref('parts'),
      { spec: { size: 9 }, status: { note: 'here' } },
      { subresource: 'status' },
    );
    expect(noted).toMatchObject({ spec: { size: 2 }, status: { note: 'here' }, metadata: { generation: 1 } });
    await cluster.client.mergePatch<KubeObject>(
      widgets.resource,
      ref('parts'),
      { spec: { replicas: 7 } },
      { subresource: 'scale' },
    );
    const scaled = await cluster.client.get<Widget>(widgets.resource, ref('parts'));
    expect(scaled).toMatchObject({ spec: { replicas: 7 }, metadata: { generation: 2 } });
  });
});
