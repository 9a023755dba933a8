import { readFileSync } from 'node:fs';
import { parse, parseAllDocuments } from 'yaml';
import { describe, expect, it } from 'vitest';
import { CASE_NAMES, goldenFile } from './cases.js';
import type { KubeObject } from './render-chart.js';

const PACKAGE = 'kubernetes-models';
type Model = new (data: object) => { validate(): void };

const installed = await import(/* @vite-ignore */ PACKAGE).then(
  () => true,
  () => false,
);

/** Prometheus operator objects have no schema here. */
const WITHOUT_SCHEMA = ['ServiceMonitor', 'PodMonitor', 'PrometheusRule'];

async function modelOf({ apiVersion, kind }: KubeObject): Promise<Model> {
  const models = (await import(/* @vite-ignore */ `${PACKAGE}/${apiVersion}`)) as Record<string, Model>;
  const model = models[kind];
  if (model === undefined) throw new Error(`no schema of ${apiVersion} ${kind}`);
  return model;
}

const root = new URL('../../', import.meta.url);
const PLAIN = [
  'deploy/controller/namespace.yaml',
  'helm/tuneyard/crds/finetunejobs.yaml',
  'helm/tuneyard/crds/gpuqueues.yaml',
];
const files: [string, URL][] = [
  ...CASE_NAMES.map((name): [string, URL] => [`golden/${name}.yaml`, goldenFile(name)]),
  ...PLAIN.map((path): [string, URL] => [path, new URL(path, root)]),
];

describe.skipIf(!installed)(`Kubernetes accepts${installed ? '' : ` (${PACKAGE} is not installed)`}`, () => {
  it.each(files)('%s', async (_name, file) => {
    const objects = parseAllDocuments(readFileSync(file, 'utf8')).map(
      (document) => document.toJS() as KubeObject,
    );
    expect(objects.length).toBeGreaterThan(0);
    for (const object of objects) {
      if (WITHOUT_SCHEMA.includes(object.kind)) continue;
      const model = new (await modelOf(object))(object);
      expect(() => model.validate(), `${object.kind} ${object.metadata.name}`).not.toThrow();
    }
  });

  it('no Deployment without a selector', async () => {
    const broken = parse(
      '{ apiVersion: apps/v1, kind: Deployment, metadata: { name: a }, spec: { template: {} } }',
    );
    const model = new (await modelOf(broken as KubeObject))(broken as object);
    expect(() => model.validate()).toThrow(/selector/);
  });
});
