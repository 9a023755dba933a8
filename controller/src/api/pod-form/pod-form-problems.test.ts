import { describe, expect, it } from 'vitest';
import { podTemplateProblems } from '../pod-template-rules.js';

const problems = (spec: object) => podTemplateProblems(spec, { allowPrivileged: true });
const pod = (spec: object) => ({ podTemplate: { spec } });
const trainer = (fields: object) => pod({ containers: [{ name: 'trainer', ...fields }] });
const side = (fields: object) => pod({ containers: [{ name: 'side', image: 'i', ...fields }] });
const init = (fields: object) => pod({ initContainers: [{ name: 'before', image: 'i', ...fields }] });

const SPEC = 'spec.podTemplate.spec';
const FIRST = `${SPEC}.containers[0]`;
const INIT = `${SPEC}.initContainers[0]`;

/** Templates that the API server would refuse as pods, and where. */
const CASES: readonly (readonly [what: string, template: object, path: string])[] = [
  ['a label value', { template: { labels: { team: 'data/ml ops' } } }, 'spec.template.labels.team'],
  ['a long label value', { template: { labels: { team: 'x'.repeat(64) } } }, 'spec.template.labels.team'],
  ['a label key', { template: { labels: { 'my team': 'a' } } }, 'spec.template.labels'],
  ['an annotation key', { template: { annotations: { 'a/b/c': 'x' } } }, 'spec.template.annotations'],
  [
    'labels of podTemplate',
    { podTemplate: { metadata: { labels: { team: '-a' } } } },
    'spec.podTemplate.metadata.labels.team',
  ],
  [
    'a key of the node selector',
    { template: { nodeSelector: { 'gpu kind': 'a' } } },
    'spec.template.nodeSelector',
  ],
  ['a value of the node selector', pod({ nodeSelector: { zone: 'eu west' } }), `${SPEC}.nodeSelector.zone`],
  ['memory', { template: { resources: { memory: '32 GB' } } }, 'spec.template.resources.memory'],
  [
    'memory with a unit that is none',
    { template: { resources: { memory: '32GB' } } },
    'spec.template.resources.memory',
  ],
  ['processors', { template: { resources: { cpu: '-1' } } }, 'spec.template.resources.cpu'],
  [
    'memory of a container',
    side({ resources: { limits: { memory: '32 GB' } } }),
    `${FIRST}.resources.limits.memory`,
  ],
  [
    'a request above its limit',
    side({ resources: { limits: { memory: '1Gi' }, requests: { memory: '2000Mi' } } }),
    `${FIRST}.resources.requests.memory`,
  ],
  [
    'a mount without its volume',
    { template: { volumeMounts: [{ name: 'data', mountPath: '/data' }] } },
    'spec.template.volumeMounts[0].name',
  ],
  [
    'a mount without its volume in a container',
    side({ volumeMounts: [{ name: 'data', mountPath: '/data' }] }),
    `${FIRST}.volumeMounts[0].name`,
  ],
  [
    'two mounts at one path',
    {
      template: {
        volumes: [{ name: 'v', emptyDir: {} }],
        volumeMounts: [
          { name: 'v', mountPath: '/data' },
          { name: 'v', mountPath: '/data' },
        ],
      },
    },
    'spec.template.volumeMounts[1].mountPath',
  ],
  [
    'a mount path',
    { template: { volumes: [{ name: 'v' }], volumeMounts: [{ name: 'v', mountPath: '/a:b' }] } },
    'spec.template.volumeMounts[0].mountPath',
  ],
  [
    'a path out of the volume',
    {
      template: { volumes: [{ name: 'v' }], volumeMounts: [{ name: 'v', mountPath: '/a', subPath: '../b' }] },
    },
    'spec.template.volumeMounts[0].subPath',
  ],
  [
    'two volumes of one name',
    { template: { volumes: [{ name: 'v' }, { name: 'v' }] } },
    'spec.template.volumes[1].name',
  ],
  ['the name of a volume', { template: { volumes: [{ name: 'My_Data' }] } }, 'spec.template.volumes[0].name'],
  [
    'a volume of two kinds',
    pod({ volumes: [{ name: 'v', emptyDir: {}, secret: { secretName: 's' } }] }),
    `${SPEC}.volumes[0].secret`,
  ],
  [
    'a volume of a Secret without name',
    pod({ volumes: [{ name: 'v', secret: {} }] }),
    `${SPEC}.volumes[0].secret.secretName`,
  ],
  [
    'a claim without name',
    pod({ volumes: [{ name: 'v', persistentVolumeClaim: {} }] }),
    `${SPEC}.volumes[0].persistentVolumeClaim.claimName`,
  ],
  [
    'the size of a volume',
    pod({ volumes: [{ name: 'v', emptyDir: { sizeLimit: '10 Gi' } }] }),
    `${SPEC}.volumes[0].emptyDir.sizeLimit`,
  ],
  [
    'an unknown field of a volume',
    pod({ volumes: [{ name: 'v', emptyDir: { sizelimit: '10Gi' } }] }),
    `${SPEC}.volumes[0].emptyDir.sizelimit`,
  ],
  ['a misspelt field of a container', side({ imagePullPolice: 'Always' }), `${FIRST}.imagePullPolice`],
  ['a word that is none of a list', trainer({ imagePullPolicy: 'Sometimes' }), `${FIRST}.imagePullPolicy`],
  [
    'the name of a variable',
    { template: { env: [{ name: 'MY VAR', value: '1' }] } },
    'spec.template.env[0].name',
  ],
  ['a variable without name', trainer({ env: [{ value: '1' }] }), `${FIRST}.env[0].name`],
  ['a variable that is a number', trainer({ env: [{ name: 'A', value: 1 }] }), `${FIRST}.env[0].value`],
  [
    'a variable from two places',
    trainer({
      env: [
        {
          name: 'A',
          valueFrom: { fieldRef: { fieldPath: 'metadata.name' }, secretKeyRef: { name: 's', key: 'k' } },
        },
      ],
    }),
    `${FIRST}.env[0].valueFrom.secretKeyRef`,
  ],
  [
    'a field that no container can be given',
    trainer({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.image' } } }] }),
    `${FIRST}.env[0].valueFrom.fieldRef.fieldPath`,
  ],
  ['a port', side({ ports: [{ containerPort: 70_000 }] }), `${FIRST}.ports[0].containerPort`],
  [
    'the name of a port',
    side({ ports: [{ name: 'a_very_long_name', containerPort: 80 }] }),
    `${FIRST}.ports[0].name`,
  ],
  ['a protocol', side({ ports: [{ containerPort: 80, protocol: 'HTTP' }] }), `${FIRST}.ports[0].protocol`],
  ['a probe that does nothing', side({ livenessProbe: { periodSeconds: 5 } }), `${FIRST}.livenessProbe`],
  [
    'a probe without port',
    side({ livenessProbe: { httpGet: { path: '/' } } }),
    `${FIRST}.livenessProbe.httpGet.port`,
  ],
  [
    'a hook of two kinds',
    side({ lifecycle: { preStop: { sleep: { seconds: 1 }, exec: { command: ['a'] } } } }),
    `${FIRST}.lifecycle.preStop`,
  ],
  ['a container without image', pod({ containers: [{ name: 'side' }] }), `${FIRST}.image`],
  ['a container without name', pod({ containers: [{ image: 'i' }] }), `${FIRST}.name`],
  ['the name of a container', side({ name: 'Side_Car' }), `${FIRST}.name`],
  [
    'two containers of one name',
    pod({ containers: [{ name: 'a', image: 'i' }], initContainers: [{ name: 'a', image: 'i' }] }),
    `${INIT}.name`,
  ],
  ['an image with a blank', { template: { image: ' mine' } }, 'spec.template.image'],
  [
    'a probe of an init container',
    init({ readinessProbe: { tcpSocket: { port: 1 } } }),
    `${INIT}.readinessProbe`,
  ],
  ['an init container that starts again', init({ restartPolicy: 'OnFailure' }), `${INIT}.restartPolicy`],
  [
    'a toleration',
    { template: { tolerations: [{ key: 'a', operator: 'Exists', value: 'b' }] } },
    'spec.template.tolerations[0].value',
  ],
  [
    'a toleration without key',
    { template: { tolerations: [{ value: 'b' }] } },
    'spec.template.tolerations[0].key',
  ],
  ['an address', pod({ hostAliases: [{ ip: '10.0.0', hostnames: ['a'] }] }), `${SPEC}.hostAliases[0].ip`],
  ['a list that is none', trainer({ command: 'python train.py' }), `${FIRST}.command`],
  ['a truth in quotes', pod({ enableServiceLinks: 'true' }), `${SPEC}.enableServiceLinks`],
  ['the name of a class', pod({ priorityClassName: 'High Priority' }), `${SPEC}.priorityClassName`],
];

describe('a pod template that can never be a pod', () => {
  it.each(CASES)('is refused for %s, with the field', (_what, template, path) => {
    const found = problems(template);
    expect(found[0], JSON.stringify(found)).toMatch(
      new RegExp(`^${path.replaceAll(/[.[\]]/g, String.raw`\$&`)}[:. ]`),
    );
  });

  it('says in one sentence what is wrong and what to do', () => {
    expect(problems({ template: { labels: { team: 'data/ml ops' } } })).toEqual([
      'spec.template.labels.team: "data/ml ops" is not a label value: use at most 63 letters, digits, -, _ and ., with a letter or digit at both ends',
    ]);
    expect(problems({ template: { resources: { memory: '32 GB' } } })).toEqual([
      'spec.template.resources.memory: "32 GB" is not a quantity: write a number with a unit and no blank, such as 500m or 32Gi',
    ]);
    expect(problems(side({ imagePullPolice: 'Always' }))[0]).toContain('did you mean imagePullPolicy?');
  });
});

describe('a pod template of good form', () => {
  it.each([
    [{}],
    [
      {
        template: {
          labels: { 'example.com/team': 'ml.ops_1', empty: '' },
          annotations: { 'Example.com/note': 'any text / at all' },
          nodeSelector: { 'nvidia.com/gpu.product': 'NVIDIA-H100-80GB-HBM3' },
          tolerations: [
            { operator: 'Exists' },
            { key: 'a', value: 'b', effect: 'NoExecute', tolerationSeconds: 5 },
          ],
          env: [
            { name: 'HF_HOME', value: '/data' },
            { name: 'K', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
          ],
          volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
          volumeMounts: [
            { name: 'data', mountPath: '/data', subPath: 'a/b' },
            { name: 'tuneyard-shm', mountPath: '/more' },
          ],
          resources: { cpu: '500m', memory: '1.5Gi' },
        },
      },
    ],
    [
      pod({
        containers: [
          {
            name: 'trainer',
            volumeMounts: [{ name: 'late', mountPath: '/late' }],
            resources: { limits: { cpu: 4, memory: '1e9' } },
          },
          {
            name: 'proxy',
            image: 'proxy:1',
            ports: [{ name: 'http', containerPort: 8080 }],
            readinessProbe: { httpGet: { port: 'http' } },
            lifecycle: { preStop: { exec: { command: ['stop'] } } },
          },
        ],
        initContainers: [
          { name: 'fetch', image: 'f' },
          { name: 'beside', image: 'b', restartPolicy: 'Always', startupProbe: { grpc: { port: 9000 } } },
        ],
        volumes: [
          { name: 'late' },
          {
            name: 'keys',
            projected: { sources: [{ secret: { name: 's', items: [{ key: 'k', path: 'p' }] } }] },
          },
          {
            name: 'info',
            downwardAPI: { items: [{ path: 'l', fieldRef: { fieldPath: "metadata.labels['a']" } }] },
          },
        ],
        dnsConfig: { nameservers: ['10.0.0.10'], options: [{ name: 'ndots', value: '2' }] },
        hostAliases: [{ ip: '10.0.0.1', hostnames: ['store.example.com'] }],
        imagePullSecrets: [{ name: 'registry' }],
        runtimeClassName: 'nvidia',
      }),
    ],
  ])('is let in: %#', (spec) => {
    expect(problems(spec)).toEqual([]);
  });
});
