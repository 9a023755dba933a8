import { describe, expect, it } from 'vitest';
import { podTemplateProblems } from './pod-template-rules.js';

describe('templates that ask for too much', () => {
  const problems = (spec: object, allowPrivileged = false) => podTemplateProblems(spec, { allowPrivileged });

  it.each([
    [
      { template: { volumes: [{ name: 'v', hostPath: { path: '/' } }] } },
      'spec.template.volumes[0].hostPath',
    ],
    [{ podTemplate: { spec: { hostNetwork: true } } }, 'spec.podTemplate.spec.hostNetwork'],
    [{ podTemplate: { spec: { hostPID: true } } }, 'spec.podTemplate.spec.hostPID'],
    [
      { podTemplate: { spec: { automountServiceAccountToken: true } } },
      'spec.podTemplate.spec.automountServiceAccountToken',
    ],
    [
      { podTemplate: { spec: { securityContext: { runAsUser: 0 } } } },
      'spec.podTemplate.spec.securityContext.runAsUser',
    ],
    [
      { podTemplate: { spec: { containers: [{ name: 'trainer', securityContext: { privileged: true } }] } } },
      'spec.podTemplate.spec.containers[0].securityContext.privileged',
    ],
    [
      {
        podTemplate: {
          spec: {
            containers: [
              {
                name: 'a',
                image: 'i',
                securityContext: { capabilities: { drop: ['ALL'], add: ['SYS_ADMIN'] } },
              },
            ],
          },
        },
      },
      'spec.podTemplate.spec.containers[0].securityContext.capabilities.add',
    ],
    [
      {
        podTemplate: {
          spec: {
            volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }],
          },
        },
      },
      'spec.podTemplate.spec.volumes[0].projected.sources[0].serviceAccountToken',
    ],
    [{ podTemplate: { spec: { brandNewField: 1 } } }, 'spec.podTemplate.spec.brandNewField'],
  ])('%j: are refused with the field, unless the controller allows them', (spec, field) => {
    const [problem, ...more] = problems(spec);
    expect(problem).toMatch(`${field} would give the pods more rights`);
    expect(problem).toContain('--allow-privileged-pod-templates');
    expect(more).toEqual([]);
    expect(problems(spec, true)).toEqual([]);
  });

  it.each([
    [{ podTemplate: { spec: { nodeName: 'n' } } }, 'spec.podTemplate.spec.nodeName is set by the controller'],
    [
      {
        podTemplate: {
          spec: { containers: [{ name: 'a', resources: { limits: { 'nvidia.com/gpu': '8' } } }] },
        },
      },
      'spec.podTemplate.spec.containers[0].resources.limits.nvidia.com/gpu is set by the controller',
    ],
    [
      { template: { env: [{ name: 'TUNEYARD_TOKEN', value: 'x' }] } },
      'spec.template.env[0].name is set by the controller',
    ],
    [{ podTemplate: { spec: { securityContext: null } } }, 'spec.podTemplate.spec.securityContext is null'],
    [
      { podTemplate: { spec: { containers: [{ name: 'trainer', $patch: 'replace' }] } } },
      'spec.podTemplate.spec.containers[0].$patch is a directive',
    ],
    [
      { podTemplate: { spec: { tolerations: 5 } } },
      'spec.podTemplate.spec.tolerations is not what Kubernetes',
    ],
    [{ podTemplate: { spec: { containers: {} } } }, 'spec.podTemplate.spec.containers must be a list'],
  ])('%j: are refused whatever the controller allows', (spec, problem) => {
    for (const allowPrivileged of [false, true])
      expect(problems(spec, allowPrivileged)[0]).toContain(problem);
  });

  const inContainer = (fields: object, name = 'trainer') => ({
    podTemplate: { spec: { containers: [{ name, ...fields }] } },
  });
  const all = { value: 'all' };
  it.each([
    'NVIDIA_VISIBLE_DEVICES',
    'NVIDIA_MIG_CONFIG_DEVICES',
    'NVIDIA_IMEX_CHANNELS',
    'CUDA_VISIBLE_DEVICES',
  ])('a variable %s is refused in every container and from every source', (name) => {
    const from = { valueFrom: { configMapKeyRef: { name: 'c', key: 'k' } } };
    const init = { podTemplate: { spec: { initContainers: [{ name: 'i', env: [{ name, ...all }] }] } } };
    for (const spec of [
      { template: { env: [{ name, ...all }] } },
      { template: { env: [{ name, ...from }] } },
      inContainer({ env: [{ name, ...all }] }),
      inContainer({ env: [{ name, ...from }] }, 'side'),
      init,
    ])
      for (const allowPrivileged of [false, true])
        expect(problems(spec, allowPrivileged)[0]).toContain('env[0].name is set by the controller');
  });

  it('variables of GPUs that choose none are let in', () => {
    const env = ['NVIDIA_DRIVER_CAPABILITIES', 'NVIDIA_REQUIRE_CUDA', 'CUDA_LAUNCH_BLOCKING', 'NCCL_DEBUG'];
    expect(problems({ template: { env: env.map((name) => ({ name, value: 'x' })) } })).toEqual([]);
  });

  it.each([undefined, '', 'N', 'NVIDIA_', 'CUDA', 'AMD_'])(
    'variables of a whole ConfigMap are refused in the trainer with the prefix %j',
    (prefix) => {
      const source = { ...(prefix === undefined ? {} : { prefix }), configMapRef: { name: 'c' } };
      expect(problems(inContainer({ envFrom: [source] }))).toEqual([
        'spec.podTemplate.spec.containers[0].envFrom[0] may set variables that choose GPUs: give it a prefix, such as "S3_"',
      ]);
      // There a variable of the controller wins.
      expect(problems(inContainer({ image: 'i', envFrom: [source] }, 'side'))).toEqual([]);
    },
  );

  it('variables of a whole Secret are let into the trainer with a prefix', () => {
    expect(problems(inContainer({ envFrom: [{ prefix: 'S3_', secretRef: { name: 's' } }] }))).toEqual([]);
  });

  it.each(['cdi.k8s.io/gpus', 'nvidia.cdi.k8s.io/all', 'io.kubernetes.cri-o.Devices'])(
    'an annotation %s, which adds devices, is refused',
    (key) => {
      expect(problems({ template: { annotations: { [key]: 'nvidia.com/gpu=all' } } })).toHaveLength(1);
    },
  );

  it.each([
    '/var/run/tuneyard/identity',
    '/run/tuneyard/identity',
    'run/tuneyard',
    '/var//run/tuneyard/identity/',
    '/var/run/./tuneyard',
    '/var/lib/../run/tuneyard',
    '/../run/tuneyard/identity/token',
    '/var/run/',
    '/run',
    '/var',
    '/.',
    '',
    '/var/run/nvidia-container-devices/all',
    '/run/cdi',
  ])('a mount at %j is refused, in every container', (mountPath) => {
    const mounts = { volumeMounts: [{ name: 'v', mountPath }] };
    const volumes = [{ name: 'v', emptyDir: {} }];
    const init = { initContainers: [{ name: 'i', image: 'i', ...mounts }], volumes };
    for (const spec of [
      { template: { ...mounts, volumes } },
      inContainer(mounts, 'side'),
      { podTemplate: { spec: init } },
    ])
      expect(problems(spec)[0]).toContain('volumeMounts[0].mountPath');
  });

  it.each(['/data', '/var/lib/x', '/variables', '/running', '/var/run/tuneyard-x', '/run/secrets'])(
    'a mount at %j is let in',
    (mountPath) => {
      const template = { volumes: [{ name: 'v', emptyDir: {} }], volumeMounts: [{ name: 'v', mountPath }] };
      expect(problems({ template })).toEqual([]);
    },
  );

  const dialled = { host: '169.254.169.254', port: 80 };
  it.each([
    ['livenessProbe.httpGet', { livenessProbe: { httpGet: dialled } }],
    ['readinessProbe.httpGet', { readinessProbe: { httpGet: { ...dialled, host: '127.0.0.1' } } }],
    ['startupProbe.tcpSocket', { startupProbe: { tcpSocket: dialled } }],
    ['lifecycle.postStart.httpGet', { lifecycle: { postStart: { httpGet: dialled } } }],
    ['lifecycle.preStop.tcpSocket', { lifecycle: { preStop: { tcpSocket: dialled } } }],
  ])('a host in %s is refused, in every container', (field, fields) => {
    const init = [{ name: 'i', image: 'i', restartPolicy: 'Always', ...fields }];
    for (const spec of [
      inContainer(fields),
      inContainer({ image: 'i', ...fields }, 'side'),
      { podTemplate: { spec: { initContainers: init } } },
    ]) {
      expect(problems(spec)[0]).toMatch(
        new RegExp(`ontainers\\[0\\]\\.${field}\\.host would give the pods more rights`),
      );
      expect(problems(spec, true)).toEqual([]);
    }
  });

  it('a probe of the pod itself is let in', () => {
    const readinessProbe = { httpGet: { path: '/healthz', port: 'http', host: '' }, periodSeconds: 5 };
    expect(
      problems(inContainer({ readinessProbe, lifecycle: { preStop: { sleep: { seconds: 1 } } } })),
    ).toEqual([]);
  });

  it('may name what is restricted anyway', () => {
    const securityContext = {
      runAsNonRoot: true,
      runAsUser: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    };
    expect(problems({ podTemplate: { spec: { hostNetwork: false, securityContext } } })).toEqual([]);
  });
});
