import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CASE_NAMES, goldenFile, renderCase, skipReason, valuesOf } from './cases.js';
import { CHART, renderChart, type KubeObject } from './render-chart.js';

const root = new URL('../../', import.meta.url);
const { COPIES } = (await import(new URL('../../helm/sync.mjs', import.meta.url).href)) as {
  COPIES: [from: string, to: string][];
};
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

describe('what the chart copies', () => {
  it.each(COPIES)('%s is the same in %s (node helm/sync.mjs)', (from, to) => {
    expect(read(to)).toBe(read(from));
  });

  it('has the version of the product', () => {
    const chart = parse(read('helm/tuneyard/Chart.yaml')) as { appVersion: string };
    expect(chart.appVersion).toBe((JSON.parse(read('package.json')) as { version: string }).version);
  });
});

describe('values.schema.json', () => {
  const schema = z.fromJSONSchema(JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8')));
  const defaults = () => parse(readFileSync(join(CHART, 'values.yaml'), 'utf8')) as Record<string, object>;

  it('accepts the defaults and every case', () => {
    expect(schema.safeParse(defaults()).error).toBeUndefined();
    for (const name of CASE_NAMES) expect(schema.safeParse(valuesOf(name)).error, name).toBeUndefined();
  });

  it('knows every default, so that none can be misspelt', () => {
    const known = JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8')) as {
      properties: Record<string, { properties?: object }>;
    };
    for (const [key, value] of Object.entries(defaults())) {
      expect(Object.keys(known.properties), key).toContain(key);
      const inner = known.properties[key]?.properties;
      if (inner !== undefined)
        expect(Object.keys(inner), key).toEqual(expect.arrayContaining(Object.keys(value)));
    }
  });

  it.each([
    ['a misspelt key', { controler: { replicas: 2 } }],
    ['a misspelt inner key', { controller: { replica: 2 } }],
    ['no replicas', { controller: { replicas: 0 } }],
    ['an unknown store', { redis: { mode: 'builtin' } }],
    ['a broken digest', { controller: { image: { digest: 'sha256:abc' } } }],
    ['an unknown level', { controller: { logLevel: 'verbose' } }],
    ['a port out of range', { coordinator: { port: 70000 } }],
    ['a size without unit', { redis: { persistence: { size: '1' } } }],
  ])('refuses %s', (_what, values) => {
    expect(schema.safeParse(values).success).toBe(false);
  });
});

describe.skipIf(skipReason !== undefined)(`renders ${skipReason ?? ''}`, () => {
  it.each(CASE_NAMES)('%s as committed (UPDATE_GOLDEN=1 writes it anew)', (name) => {
    const { objects } = renderCase(name);
    const yaml = objects.map((object) => `---\n${stringify(object, { lineWidth: 0 })}`).join('');
    const text = `# Made from helm/tuneyard, by UPDATE_GOLDEN=1 npx vitest run tests/helm/chart.test.ts\n${yaml}`;
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(goldenFile(name), text);
    expect(text).toBe(readFileSync(goldenFile(name), 'utf8'));
  });

  it.each([
    ['an external Redis without Secret', { redis: { mode: 'external' } }, /redis\.existingSecret/],
    ['an external NATS without Secret', { nats: { mode: 'external' } }, /nats\.existingSecret/],
    ['two controllers without Redis', { redis: { mode: 'none' } }, /needs Redis/],
    [
      'two controllers without election',
      { controller: { leaderElection: false } },
      /needs controller\.leaderElection/,
    ],
  ])('refuses %s', (_what, values, message) => {
    expect(() => renderChart({ values })).toThrow(message);
  });

  it('keeps the password of a store over upgrades', () => {
    const password = Buffer.from('kept').toString('base64');
    const { objects } = renderChart({
      lookup: (kind, _namespace, name) =>
        kind === 'Secret' && name === 'tuneyard-redis' ? { data: { password } } : undefined,
    });
    const secret = objects.find(
      ({ kind, metadata }) => kind === 'Secret' && metadata.name === 'tuneyard-redis',
    ) as KubeObject & {
      data: Record<string, string>;
    };
    expect(secret.data['password']).toBe(password);
    expect(Buffer.from(secret.data['url'] ?? '', 'base64').toString()).toBe(
      'redis://:kept@tuneyard-redis.tuneyard-system.svc:6379/0',
    );
  });

  it('names everything after the release, and lives in its namespace', () => {
    const { objects } = renderChart({
      values: valuesOf('ha'),
      release: 'prod',
      namespace: 'gpu',
      apiVersions: ['monitoring.coreos.com/v1'],
    });
    for (const { kind, metadata } of objects) {
      expect(metadata.name, kind).toMatch(/^prod-tuneyard/);
      if (!/^(Cluster|ValidatingAdmission)/.test(kind))
        expect(metadata.namespace, `${kind} ${metadata.name}`).toBe('gpu');
    }
    expect(JSON.stringify(objects)).not.toContain('tuneyard-system');
  });

  const written = ['pods', 'secrets', 'networkpolicies', 'events', 'finetunejobs', 'finetunejobs/status'];
  it.each([
    [{ watchNamespace: 'team-a' }, ['team-a']],
    [{ watchNamespaces: ['team-a', 'team-b'] }, ['team-a', 'team-b']],
  ])('lets a controller of %j write there alone', (controller, namespaces) => {
    const { objects } = renderChart({ values: { controller }, apiVersions: ['monitoring.coreos.com/v1'] });
    const writers = objects.filter(
      ({ kind, metadata, rules }) =>
        kind.endsWith('Role') &&
        metadata.name.includes('controller') &&
        (rules as { resources: string[]; verbs: string[] }[]).some(
          ({ resources, verbs }) =>
            resources.some((name) => written.includes(name)) && /create|patch|delete/.test(verbs.join()),
        ),
    );
    const where = writers.map(({ kind, metadata }) => `${kind} ${metadata.namespace}`);
    // The release's own namespace has the authority's Secret.
    expect(new Set(where)).toEqual(new Set([...namespaces, 'tuneyard-system'].map((name) => `Role ${name}`)));
    const bound = objects
      .filter(({ kind }) => kind === 'RoleBinding')
      .map(({ metadata }) => metadata.namespace);
    expect(new Set(bound)).toEqual(new Set([...namespaces, 'tuneyard-system']));
    const { args } = podSpecs(objects).find(({ kind }) => kind === 'Deployment')!.spec.containers[0]!;
    expect(args).toContain(`--namespace=${namespaces.join(',')}`);
    const monitor = objects.find(({ kind }) => kind === 'PodMonitor');
    expect(monitor).toMatchObject({ spec: { namespaceSelector: { matchNames: namespaces } } });
  });

  it('refuses a namespace in both places', () => {
    const controller = { watchNamespace: 'a', watchNamespaces: ['b'] };
    expect(() => renderChart({ values: { controller } })).toThrow(/move the one name into the list/);
  });

  it('believes nothing that a trainer says of itself in its metrics, and reads it up to a limit', () => {
    const { objects } = renderChart({ apiVersions: ['monitoring.coreos.com/v1'] });
    const { spec } = objects.find(({ kind }) => kind === 'PodMonitor') as unknown as {
      spec: {
        readonly jobLabel: string;
        readonly podMetricsEndpoints: readonly {
          readonly honorLabels: boolean;
          readonly metricRelabelings: readonly { readonly action: string; readonly regex: string }[];
        }[];
      };
    };
    expect(spec).toMatchObject({ sampleLimit: 5000, labelLimit: 30, labelValueLengthLimit: 1000 });
    expect(spec.jobLabel).toBe('tuneyard.dev/job');
    const [endpoint] = spec.podMetricsEndpoints;
    expect(endpoint?.honorLabels).toBe(false);
    const [kept] = endpoint?.metricRelabelings ?? [];
    expect(kept?.action).toBe('keep');
    const isKept = (name: string) => new RegExp(`^(?:${kept?.regex})$`).test(name);
    expect(['tuneyard_trainer_step', 'process_start_time_seconds'].filter(isKept)).toHaveLength(2);
    // Alerts rest on these, which are not a trainer's to tell.
    expect(['tuneyard_pending_jobs', 'tuneyard_leader', 'DCGM_FI_DEV_GPU_UTIL'].filter(isKept)).toEqual([]);
  });

  it('shows queues to the groups that are named, and the scale of jobs to viewers', () => {
    const { objects } = renderChart({ values: { rbac: { queueViewers: ['system:authenticated'] } } });
    const named = (kind: string, name: string) =>
      objects.find((object) => object.kind === kind && object.metadata.name === name);
    expect(named('ClusterRoleBinding', 'tuneyard-queue-viewer')).toMatchObject({
      roleRef: { kind: 'ClusterRole', name: 'tuneyard-queue-viewer' },
      subjects: [{ kind: 'Group', name: 'system:authenticated' }],
    });
    expect(JSON.stringify(named('ClusterRole', 'tuneyard-queue-viewer'))).toContain('"gpuqueues"');
    expect(JSON.stringify(named('ClusterRole', 'tuneyard-view'))).toContain('"finetunejobs/scale"');
    const plain = renderChart().objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(plain).not.toContain('ClusterRoleBinding tuneyard-queue-viewer');
  });

  it('makes admission policies where the cluster evaluates them', () => {
    const admissionPolicies = { pool: true, priorityClasses: ['low'] };
    const policies = (kubeMinor: number) =>
      renderChart({ values: { admissionPolicies }, kubeMinor }).objects.filter(
        ({ kind }) => kind === 'ValidatingAdmissionPolicy',
      );
    expect(policies(29)).toEqual([]);
    expect(policies(30).map(({ metadata }) => metadata.name)).toEqual([
      'tuneyard-controller',
      'tuneyard-pool',
      'tuneyard-priority',
    ]);
  });

  it('makes monitors and rules only where the cluster knows them', () => {
    const kinds = (apiVersions: string[]) =>
      renderChart({ values: valuesOf('ha'), apiVersions }).objects.map(({ kind }) => kind);
    const monitoring = ['ServiceMonitor', 'PodMonitor', 'PrometheusRule'];
    expect(kinds(['monitoring.coreos.com/v1'])).toEqual(expect.arrayContaining(monitoring));
    expect(kinds([]).filter((kind) => monitoring.includes(kind))).toEqual([]);
  });

  it('runs every pod under the restricted standard', () => {
    for (const name of CASE_NAMES)
      for (const { kind, metadata, spec } of podSpecs(renderCase(name).objects)) {
        const where = `${name} ${kind} ${metadata.name}`;
        expect(spec.securityContext, where).toMatchObject({
          runAsNonRoot: true,
          seccompProfile: { type: 'RuntimeDefault' },
        });
        for (const container of spec.containers) {
          expect(container.securityContext, where).toEqual({
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          });
          expect(container.resources, where).toHaveProperty('limits.memory');
        }
      }
  });

  it('selects with every Service, budget, monitor and policy pods that exist', () => {
    const { objects } = renderCase('ha');
    const pods = podSpecs(objects).map(({ labels }) => labels);
    pods.push({ 'app.kubernetes.io/name': 'tuneyard-trainer', 'app.kubernetes.io/managed-by': 'tuneyard' });
    for (const object of objects) {
      const spec = object['spec'] as { selector?: Selector; podSelector?: Selector } | undefined;
      const selector = spec?.podSelector ?? spec?.selector;
      if (
        selector === undefined ||
        !['Service', 'PodDisruptionBudget', 'PodMonitor', 'NetworkPolicy'].includes(object.kind)
      )
        continue;
      const wanted = Object.entries(selector.matchLabels ?? (selector as Record<string, string>));
      const found = pods.some((labels) => wanted.every(([key, value]) => labels[key] === value));
      expect(found, `${object.kind} ${object.metadata.name}`).toBe(true);
    }
  });

  it('ends NOTES with what a person does next', () => {
    expect(renderCase('default').notes).toContain('kubectl get ftj -A -w');
    expect(renderCase('default').notes).toContain('no Prometheus operator');
    expect(renderCase('ha').notes).not.toContain('no Prometheus operator');
  });
});

describe('golden renders', () => {
  it.each(CASE_NAMES)('%s has no two objects of one name', (name) => {
    const objects = parseAllDocuments(readFileSync(goldenFile(name), 'utf8')).map(
      (document) => document.toJS() as KubeObject,
    );
    const keys = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.length).toBeGreaterThan(1);
  });
});

type Selector = { readonly matchLabels?: Record<string, string> } & Record<string, unknown>;

interface PodSpec {
  readonly securityContext: object;
  readonly containers: readonly {
    readonly args?: readonly string[];
    readonly securityContext: object;
    readonly resources: object;
  }[];
}

function podSpecs(objects: readonly KubeObject[]) {
  return objects.flatMap(({ kind, metadata, spec }) => {
    if (kind === 'Pod') return [{ kind, metadata, labels: metadata.labels ?? {}, spec: spec as PodSpec }];
    const template = (spec as { template?: { metadata: KubeObject['metadata']; spec: PodSpec } } | undefined)
      ?.template;
    return template === undefined
      ? []
      : [{ kind, metadata, labels: template.metadata.labels ?? {}, spec: template.spec }];
  });
}
