import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { podTemplateProblems, type FineTuneJob } from '../api/index.js';
import { parseModelCache } from './pod/volumes.js';
import { buildWorkerPod, type WorkerPlan, type WorkerPodOptions } from './worker-pod.js';

const PLAN: WorkerPlan = { index: 0, node: 'a', resource: 'nvidia.com/gpu', gpus: 2, attempt: 0 };
const OPTIONS = { coordinatorAddress: 'c:1', trainerImage: 'trainer', trainerMetricsPort: 9095 };

const jobWith = (spec: object) =>
  ({
    metadata: { name: 'j', namespace: 'team', uid: 'u' },
    spec: {
      model: { source: 'file:///m' },
      dataset: { sources: [{ uri: 'file:///d' }] },
      output: { uri: 'file:///o' },
      ...spec,
    },
  }) as unknown as FineTuneJob;

interface Container {
  readonly name: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
  readonly ports?: readonly object[];
  readonly resources?: Record<'limits' | 'requests', Record<string, string>>;
  readonly securityContext?: {
    readonly [field: string]: unknown;
    readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
    readonly seccompProfile?: { readonly type?: string };
  };
}
interface Pod {
  readonly metadata: {
    readonly labels: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
  readonly spec: {
    readonly [field: string]: unknown;
    readonly containers: readonly Container[];
    readonly initContainers?: readonly Container[];
    readonly volumes: readonly { readonly name: string; readonly [source: string]: unknown }[];
    readonly securityContext: NonNullable<Container['securityContext']>;
    readonly tolerations: readonly object[];
    readonly affinity: unknown;
  };
}

const build = (spec: object, plan: Partial<WorkerPlan> = {}, options: Partial<WorkerPodOptions> = {}) =>
  JSON.parse(
    JSON.stringify(buildWorkerPod(jobWith(spec), { ...PLAN, ...plan }, { ...OPTIONS, ...options })),
  ) as Pod;
const trainerOf = (pod: Pod) => pod.spec.containers.find(({ name }) => name === 'trainer')!;

const ALLOWED_SOURCES = new Set(
  'configMap csi downwardAPI emptyDir ephemeral persistentVolumeClaim projected secret'.split(' '),
);

/** Where a pod goes beyond the restricted Pod Security Standard, as https://kubernetes.io states it, or beyond ours. */
function violations({ metadata, spec }: Pod): string[] {
  const found: string[] = [];
  const must = (holds: boolean, what: string) => void (holds || found.push(what));
  for (const field of ['hostNetwork', 'hostPID', 'hostIPC']) must(!spec[field], field);
  must(spec['hostUsers'] !== true, 'hostUsers');
  must(spec['automountServiceAccountToken'] === false, 'token');
  must(!/apparmor|seccomp/.test(Object.keys(metadata.annotations ?? {}).join()), 'annotation');
  for (const { name, ...sources } of spec.volumes) {
    for (const source of Object.keys(sources)) must(ALLOWED_SOURCES.has(source), `volume ${name} ${source}`);
    must(!JSON.stringify(sources['projected'] ?? {}).includes('Token'), `volume ${name} token`);
  }
  const inPod = spec.securityContext;
  for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
    const own = container.securityContext ?? {};
    const effective = { ...inPod, ...own };
    must(effective['runAsNonRoot'] === true, 'runAsNonRoot');
    must(effective['runAsUser'] !== 0, 'runAsUser');
    must(own['privileged'] !== true, 'privileged');
    must(own['allowPrivilegeEscalation'] === false, 'allowPrivilegeEscalation');
    must(own['readOnlyRootFilesystem'] === true, 'readOnlyRootFilesystem');
    must(effective.seccompProfile?.type === 'RuntimeDefault', 'seccompProfile');
    must(own.capabilities?.drop?.includes('ALL') === true, 'capabilities.drop');
    must(own.capabilities?.add === undefined, 'capabilities.add');
    for (const field of ['procMount', 'seLinuxOptions', 'windowsOptions', 'appArmorProfile', 'sysctls'])
      must(effective[field] === undefined, field);
    must(!JSON.stringify(container.ports ?? []).includes('host'), 'hostPort');
    must(!JSON.stringify(container.volumeMounts ?? []).includes('mountPropagation'), 'mountPropagation');
  }
  return found;
}

/** What the scheduler and the coordinator rely on. */
function broken(pod: Pod): string[] {
  const found: string[] = [];
  const must = (holds: boolean, what: string) => void (holds || found.push(what));
  const plain = build({});
  for (const [label, value] of Object.entries(plain.metadata.labels))
    must(pod.metadata.labels[label] === value, label);
  for (const field of ['affinity', 'restartPolicy', 'nodeName', 'schedulerName', 'hostname'])
    must(JSON.stringify(pod.spec[field]) === JSON.stringify(plain.spec[field]), field);
  must(JSON.stringify(pod.spec.tolerations).includes('nvidia.com/gpu'), 'toleration');
  const gpus = pod.spec.containers.map(({ resources }) => resources?.limits?.['nvidia.com/gpu']);
  must(gpus.filter((count) => count !== undefined).join() === '2', 'gpus');
  for (const variable of trainerOf(plain).env ?? []) {
    if (!variable.name.startsWith('TUNEYARD_') || variable.name === 'TUNEYARD_CACHE') continue;
    const same = trainerOf(pod).env?.filter(({ name }) => name === variable.name);
    must(JSON.stringify(same) === JSON.stringify([variable]), variable.name);
  }
  const identity = (of: Pod) => of.spec.volumes.filter(({ name }) => name === 'tuneyard-identity');
  must(JSON.stringify(identity(pod)) === JSON.stringify(identity(plain)), 'identity');
  return found;
}

// Fields, values and shapes that matter, and any others: most templates made of them ask for too much in some way.
const scalar = fc.constantFrom<unknown>(
  true,
  false,
  0,
  1,
  65532,
  null,
  'ALL',
  'RuntimeDefault',
  'Unconfined',
  'x',
);
const security = fc.dictionary(
  fc.constantFrom(
    ...'runAsUser runAsGroup fsGroup runAsNonRoot privileged allowPrivilegeEscalation procMount sysctls'.split(
      ' ',
    ),
    ...'readOnlyRootFilesystem seLinuxOptions appArmorProfile $patch $retainKeys'.split(' '),
  ),
  scalar,
  { maxKeys: 3 },
);
const seccomp = fc.record({ seccompProfile: fc.record({ type: scalar }) });
const capabilities = fc.record({
  capabilities: fc.dictionary(fc.constantFrom('drop', 'add'), fc.array(scalar, { maxLength: 2 })),
});
const context = fc.oneof(security, seccomp, capabilities, fc.constant(null));
const volume = fc
  .tuple(
    fc.constantFrom('v', 'tuneyard-scratch', 'tuneyard-identity', 'tuneyard-cache'),
    fc.constantFrom('emptyDir', 'hostPath', 'nfs', 'secret', 'projected', 'configMap', '$patch'),
    fc.oneof(
      fc.constant({}),
      fc.constant({ path: '/' }),
      fc.constant({ sources: [{ serviceAccountToken: { path: 't' } }] }),
      scalar,
    ),
  )
  .map(([name, source, value]) => ({ name, [source]: value }));
const env = fc.record({
  name: fc.constantFrom('A', 'TUNEYARD_TOKEN', 'TUNEYARD_MEMBER_ID', 'TUNEYARD_CACHE'),
  value: fc.constant('x'),
});
const mount = fc.record(
  {
    name: fc.constantFrom('v', 'tuneyard-identity'),
    mountPath: fc.constantFrom('/data', '/var/run/tuneyard/identity', '/tmp'),
    mountPropagation: fc.constant('Bidirectional'),
  },
  { requiredKeys: ['name', 'mountPath'] },
);
/** Objects with one or a few of these fields. */
const someOf = (fields: Record<string, fc.Arbitrary<unknown>>) =>
  fc.oneof(
    ...Object.entries(fields).map(([field, value]) => fc.record({ [field]: value })),
    fc.record(fields, { requiredKeys: [] }),
  );
const container = fc
  .tuple(
    fc.constantFrom('trainer', 'side'),
    someOf({
      securityContext: context,
      env: fc.array(env, { maxLength: 2 }),
      volumeMounts: fc.array(mount, { maxLength: 2 }),
      ports: fc.array(fc.constantFrom({ containerPort: 9095 }, { containerPort: 1, hostPort: 1 }), {
        maxLength: 1,
      }),
      resources: fc.record({
        limits: fc.dictionary(fc.constantFrom('cpu', 'nvidia.com/gpu', 'amd.com/gpu'), scalar, {
          maxKeys: 1,
        }),
      }),
      $patch: fc.constantFrom('replace', 'delete'),
    }),
  )
  .map(([name, fields]) => ({ name, ...fields }));
const podSpec = fc.oneof(
  {
    arbitrary: someOf({
      containers: fc.array(container, { maxLength: 2 }),
      initContainers: fc.array(container, { maxLength: 1 }),
      volumes: fc.array(volume, { maxLength: 2 }),
      securityContext: context,
      tolerations: fc.array(fc.constant({ key: 'k' }), { maxLength: 1 }),
    }),
    weight: 4,
  },
  {
    arbitrary: fc.dictionary(
      fc.constantFrom(
        ...'hostNetwork hostPID hostIPC hostUsers shareProcessNamespace automountServiceAccountToken'.split(
          ' ',
        ),
        ...'nodeName affinity restartPolicy schedulerName hostname priorityClassName $patch'.split(' '),
      ),
      scalar,
      { minKeys: 1, maxKeys: 2 },
    ),
    weight: 1,
  },
);
const metadata = fc.record({
  labels: fc.dictionary(
    fc.constantFrom('team', 'tuneyard.dev/job', 'app.kubernetes.io/name'),
    fc.constant('x'),
  ),
  annotations: fc.dictionary(
    fc.constantFrom('note', 'container.apparmor.security.beta.kubernetes.io/trainer'),
    fc.constant('unconfined'),
    { maxKeys: 1 },
  ),
});
/** One field of a pod, somewhere, with some value. */
const place = fc.tuple(
  fc.oneof(
    fc.constantFrom(
      ...'hostNetwork hostPID hostIPC hostUsers automountServiceAccountToken nodeName restartPolicy'.split(
        ' ',
      ),
    ),
    fc
      .tuple(
        fc.constantFrom('', 'containers.[].', 'initContainers.[].'),
        fc.constantFrom(
          ...'runAsUser runAsNonRoot privileged allowPrivilegeEscalation procMount readOnlyRootFilesystem'.split(
            ' ',
          ),
          ...'seLinuxOptions seccompProfile.type capabilities.drop capabilities.add sysctls appArmorProfile'.split(
            ' ',
          ),
        ),
      )
      .map(([of, field]) => `${of}securityContext.${field}`),
    fc
      .constantFrom('emptyDir', 'hostPath', 'nfs', 'projected.sources.[].serviceAccountToken')
      .map((source) => `volumes.[].${source}`),
    fc
      .constantFrom(
        'ports.[].hostPort',
        'volumeMounts.[].mountPropagation',
        'resources.limits.nvidia.com/gpu',
      )
      .map((field) => `containers.[].${field}`),
  ),
  fc.oneof(
    scalar,
    scalar.map((value) => [value]),
  ),
);
const nest = (path: readonly string[], value: unknown): unknown => {
  const [first, ...rest] = path;
  if (first === undefined) return value;
  if (first === '[]') {
    const item = nest(rest, value);
    return typeof item === 'object' && item !== null ? [{ name: 'trainer', ...item }] : [item];
  }
  return { [first]: nest(rest, value) };
};
const oneField = place.map(([path, value]) => ({
  podTemplate: { spec: nest(path.replace('nvidia.com', 'nvidia_com').split('.'), value) },
}));
const withGpuName = (spec: object) =>
  JSON.parse(JSON.stringify(spec).replaceAll('nvidia_com', 'nvidia.com')) as object;

const templates = fc.oneof(
  oneField.map(withGpuName),
  someOf({
    template: someOf({
      labels: fc.dictionary(fc.constantFrom('team', 'tuneyard.dev/job'), fc.constant('x')),
      env: fc.array(env, { maxLength: 2 }),
      volumes: fc.array(volume, { maxLength: 2 }),
      volumeMounts: fc.array(mount, { maxLength: 2 }),
    }),
    podTemplate: fc.oneof(
      someOf({ metadata, spec: podSpec }),
      fc.record({ spec: fc.object({ maxDepth: 4, values: [scalar] }) }),
    ),
  }),
);

describe('pods of workers', () => {
  it('keep to the restricted Pod Security Standard, and write to volumes only', () => {
    const pod = build({});
    expect(violations(pod)).toEqual([]);
    expect(trainerOf(pod).volumeMounts?.map(({ mountPath }) => mountPath)).toEqual([
      '/tmp',
      '/dev/shm',
      '/var/cache/tuneyard',
      '/var/run/tuneyard/identity',
    ]);
  });

  it('keep to it whatever templates say, or the templates are refused', () => {
    let accepted = 0;
    let refused = 0;
    fc.assert(
      fc.property(templates, (spec) => {
        if (podTemplateProblems(spec, { allowPrivileged: false }).length > 0) {
          refused++;
          return;
        }
        accepted++;
        const pod = build(spec);
        expect(violations(pod)).toEqual([]);
        expect(broken(pod)).toEqual([]);
      }),
      { numRuns: 3000, seed: 8 },
    );
    // Both ways were gone, often.
    expect(Math.min(accepted, refused)).toBeGreaterThan(300);
  });

  it('stay in their place whatever templates say, even where they may ask for more rights', () => {
    fc.assert(
      fc.property(templates, (spec) => {
        if (podTemplateProblems(spec, { allowPrivileged: true }).length > 0) return;
        expect(broken(build(spec))).toEqual([]);
      }),
      { numRuns: 2000, seed: 9 },
    );
  });

  it('ask for host memory by the estimate, and for what the job says', () => {
    const { resources } = trainerOf(build({}, { hostBytes: 10 * 2 ** 30 }));
    expect(resources).toEqual({
      limits: { 'nvidia.com/gpu': '2' },
      requests: { cpu: '2', memory: '11776Mi', 'nvidia.com/gpu': '2' },
    });
    const said = trainerOf(build({ template: { resources: { cpu: '4', memory: '32Gi' } } })).resources;
    expect(said?.limits).toEqual({ cpu: '4', memory: '32Gi', 'nvidia.com/gpu': '2' });
    expect(said?.requests).toEqual(said?.limits);
  });

  it('take MIG slices where the plan says so', () => {
    const { resources } = trainerOf(build({}, { resource: 'nvidia.com/mig-1g.10gb', gpus: 1 }));
    expect(resources?.limits).toEqual({ 'nvidia.com/mig-1g.10gb': '1' });
  });

  it('have as long to end as the job gives them for a checkpoint', () => {
    expect(build({}, { graceSeconds: 240 }).spec['terminationGracePeriodSeconds']).toBe(240);
  });

  it.each([
    ['emptyDir', { emptyDir: {} }],
    ['hostPath:/var/lib/tuneyard', { hostPath: { path: '/var/lib/tuneyard', type: 'Directory' } }],
    ['pvc:models', { persistentVolumeClaim: { claimName: 'models' } }],
  ])('share the cache %s', (text, source) => {
    const pod = build({}, {}, { modelCache: parseModelCache(text) });
    expect(pod.spec.volumes).toContainEqual({ name: 'tuneyard-cache', ...source });
    expect(trainerOf(pod).env).toContainEqual({ name: 'TUNEYARD_CACHE', value: '/var/cache/tuneyard' });
  });

  it.each(['', 'hostPath:', 'hostPath:relative', 'hostPath:/a/../b', 'pvc:', 'pvc:A', 'nfs:/x'])(
    'know no cache "%s"',
    (text) => expect(parseModelCache(text)).toBeUndefined(),
  );

  it('tell containers without GPUs that they get none, and leave the trainer to the device plugin', () => {
    const visible = ({ env }: Container) => env?.filter(({ name }) => name === 'NVIDIA_VISIBLE_DEVICES');
    const none = [{ name: 'NVIDIA_VISIBLE_DEVICES', value: 'void' }];
    const pod = build({
      podTemplate: {
        spec: {
          containers: [{ name: 'side', image: 'nvidia/cuda', env: [{ name: 'A', value: '1' }] }],
          initContainers: [
            { name: 'before', image: 'nvidia/cuda', envFrom: [{ configMapRef: { name: 'c' } }] },
            { name: 'beside', image: 'nvidia/cuda', restartPolicy: 'Always' },
          ],
        },
      },
    });
    expect(visible(trainerOf(pod))).toEqual([]);
    const others = pod.spec.containers.filter(({ name }) => name !== 'trainer');
    for (const container of [...others, ...(pod.spec.initContainers ?? [])])
      expect(visible(container), container.name).toEqual(none);
    expect(visible(trainerOf(build({}, { gpus: 0 })))).toEqual(none);
  });

  it('take what a template patches, and confine the containers that it brings', () => {
    const pod = build({
      template: { env: [{ name: 'TUNEYARD_CACHE', value: 'off' }] },
      podTemplate: {
        metadata: { annotations: { note: 'x' } },
        spec: {
          runtimeClassName: 'nvidia',
          initContainers: [{ name: 'proxy', image: 'p', restartPolicy: 'Always' }],
          containers: [{ name: 'trainer', image: 'mine', envFrom: [{ secretRef: { name: 's' } }] }],
          volumes: [{ name: 'tuneyard-shm', emptyDir: { medium: 'Memory', sizeLimit: '8Gi' } }],
          securityContext: { runAsUser: 1000 },
        },
      },
    });
    expect(violations(pod)).toEqual([]);
    expect(pod.spec['runtimeClassName']).toBe('nvidia');
    expect(trainerOf(pod)).toMatchObject({ image: 'mine', envFrom: [{ secretRef: { name: 's' } }] });
    expect(trainerOf(pod).env).toContainEqual({ name: 'TUNEYARD_CACHE', value: 'off' });
    expect(pod.spec.initContainers?.[0]?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(pod.spec.volumes).toContainEqual({
      name: 'tuneyard-shm',
      emptyDir: { medium: 'Memory', sizeLimit: '8Gi' },
    });
    expect(pod.spec.securityContext).toMatchObject({ runAsUser: 1000, runAsNonRoot: true });
  });
});
