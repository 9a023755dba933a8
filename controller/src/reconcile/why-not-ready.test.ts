import { describe, expect, it } from 'vitest';
import type { PodObject } from '../pool/index.js';
import { rfc3339 } from './next-status.js';
import { NOW } from './test-facts.js';
import { whyNameTaken, whyNotRunning, whyRefused } from './why-not-ready.js';

const MINUTE = 60_000;

const pod = (
  status: PodObject['status'],
  spec: object = { nodeName: 'a' },
  metadata: object = {},
): PodObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'j-worker-0',
    namespace: 'default',
    creationTimestamp: rfc3339(NOW - MINUTE),
    ...metadata,
  },
  spec: { containers: [{ name: 'trainer' }], ...spec },
  status,
});
const unbound = (condition?: object) =>
  pod({ phase: 'Pending', conditions: condition === undefined ? [] : [condition as never] }, {});
const waiting = (reason: string, message = '') =>
  pod({
    phase: 'Pending',
    containerStatuses: [{ name: 'trainer', state: { waiting: { reason, message } } }],
  });
const refusal = (status: number, message: string, secondsAgo = 0) => ({
  status,
  message,
  since: NOW - secondsAgo * 1000,
  at: NOW,
  count: 1,
});

describe('why a pod that has a node and says nothing does not run', () => {
  const silent = pod({
    phase: 'Pending',
    containerStatuses: [{ name: 'trainer', state: { waiting: { reason: 'ContainerCreating' } } }],
  });
  const mount = 'MountVolume.SetUp failed for volume "v" :';

  it.each([
    ['FailedMount', `${mount} configmap "absent" not found`, false],
    ['FailedMount', `${mount} secret "absent" not found`, false],
    ['FailedMount', `${mount} references non-existent secret key: k`, false],
    ['FailedMount', `${mount} mount failed: exit status 32: connection timed out`, true],
    ['FailedAttachVolume', 'Multi-Attach error for volume "v" Volume is already used by pod(s) x', false],
    ['FailedAttachVolume', 'AttachVolume.Attach failed for volume "v" : attachment limit exceeded', true],
    ['FailedCreatePodSandBox', 'Failed to create pod sandbox: plugin type="calico" failed', true],
  ])('is told in the words of %s %s', (reason, message, isOfNode) => {
    expect(whyNotRunning(silent, NOW, { reason, message })).toMatchObject({
      class: 'wait',
      reason: 'WorkerNotStarting',
      message: `${reason}: ${message}`,
      isOfNode,
    });
  });

  it('is nothing that was said, once it runs, is over or has no node', () => {
    const warning = { reason: 'FailedMount', message: mount };
    expect(whyNotRunning(pod({ phase: 'Running' }), NOW, warning)).toBeUndefined();
    expect(whyNotRunning(pod({ phase: 'Succeeded' }), NOW, warning)).toBeUndefined();
    expect(whyNotRunning(unbound(), NOW, warning)).toMatchObject({ reason: 'WorkerUnschedulable' });
  });

  it.each([
    ['0/2 nodes are available: persistentvolumeclaim "absent" not found. not found', 'queue'],
    ['0/2 nodes are available: persistentvolumeclaim "data" is being deleted.', 'queue'],
    ['0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims.', 'wait'],
  ])('is of no node when the scheduler says %s', (message, kind) => {
    const verdict = whyNotRunning(
      unbound({ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }),
      NOW,
    );
    expect(verdict).toMatchObject({ class: kind, isOfNode: false, message });
  });
});

describe('why the pod of a worker does not run', () => {
  it.each([
    [
      'a secret that is missing',
      waiting('CreateContainerConfigError', 'secret "absent" not found'),
      { class: 'wait', isOfNode: false, message: 'CreateContainerConfigError: secret "absent" not found' },
    ],
    [
      'an image that cannot be pulled',
      waiting('ImagePullBackOff', 'Back-off pulling image "x"'),
      { class: 'wait', isOfNode: true, message: 'ImagePullBackOff: Back-off pulling image "x"' },
    ],
    [
      'a name that is none of an image',
      waiting('InvalidImageName', 'couldn\'t parse image name "::"'),
      { class: 'fail', message: 'InvalidImageName: couldn\'t parse image name "::"' },
    ],
    [
      'an init container that waits',
      pod({
        phase: 'Pending',
        initContainerStatuses: [
          { name: 'i', state: { waiting: { reason: 'ErrImagePull', message: 'denied' } } },
        ],
        containerStatuses: [{ name: 'trainer', state: { waiting: { reason: 'PodInitializing' } } }],
      }),
      { class: 'wait', message: 'ErrImagePull: denied' },
    ],
    [
      'volumes that take long',
      waiting('ContainerCreating'),
      {
        class: 'wait',
        isOfNode: true,
        message:
          'its node prepares volumes, network and image and has not said why it takes long: see kubectl describe pod j-worker-0',
      },
    ],
    [
      'no room on its node',
      unbound({
        type: 'PodScheduled',
        status: 'False',
        reason: 'Unschedulable',
        message: '1 Insufficient cpu',
      }),
      { class: 'move', isOfNode: true, reason: 'WorkerUnschedulable', message: '1 Insufficient cpu' },
    ],
    [
      'scheduling gates',
      unbound({ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }),
      { class: 'wait', isOfNode: false, message: 'pod j-worker-0 has scheduling gates' },
    ],
    [
      'no scheduler',
      unbound(),
      { class: 'wait', isOfNode: false, message: 'no scheduler has looked at pod j-worker-0 yet' },
    ],
    [
      'the agent of its node',
      pod({ phase: 'Failed', reason: 'OutOfnvidia.com/gpu', message: 'Node did not have enough resource' }),
      { class: 'move', isOfNode: true, message: 'OutOfnvidia.com/gpu: Node did not have enough resource' },
    ],
    [
      'a finalizer of somebody',
      pod(
        { phase: 'Running' },
        { nodeName: 'a' },
        { deletionTimestamp: rfc3339(NOW), finalizers: ['example.com/hold'] },
      ),
      {
        class: 'wait',
        reason: 'WorkerNameTaken',
        isOfNode: false,
        message: 'pod j-worker-0 is being deleted and still there, kept by its finalizer example.com/hold',
      },
    ],
  ])('is %s', (_, given, expected) => {
    expect(whyNotRunning(given, NOW)).toMatchObject(expected);
  });

  it.each([
    ['runs', pod({ phase: 'Running' })],
    ['ended well', pod({ phase: 'Succeeded' })],
    ['failed by itself', pod({ phase: 'Failed', reason: 'DeadlineExceeded' })],
    ['is in its grace period', pod({ phase: 'Running' }, {}, { deletionTimestamp: rfc3339(NOW + MINUTE) })],
    ['was just made', pod({ phase: 'Pending' }, {}, { creationTimestamp: rfc3339(NOW - 1000) })],
  ])('is not told of one that %s', (_, given) => {
    expect(whyNotRunning(given, NOW)).toBeUndefined();
  });
});

describe('why the API server refused a pod', () => {
  const quota = 'pods "j-worker-1" is forbidden: exceeded quota: g, requested: requests.nvidia.com/gpu=1';
  const loading =
    'pods is forbidden: User "system:serviceaccount:t:c" cannot create resource "pods" in API group "" in the namespace "default"';
  it.each([
    ['a quota', refusal(403, quota), 'queue'],
    ['a policy', refusal(403, 'pods "j" is forbidden: violates PodSecurity "restricted:latest"'), 'queue'],
    [
      'a form that is none of a pod',
      refusal(422, 'Pod "j" is invalid: metadata.labels: Invalid value'),
      'fail',
    ],
    ['a quantity that is none', refusal(400, 'quantities must match the regular expression'), 'fail'],
    ['its namespace, which goes', refusal(403, 'unable to create: because it is being terminated'), 'wait'],
    ['rights of the controller that are missing', refusal(403, loading, 30), 'wait'],
  ])('is %s', (_, given, kind) => {
    expect(whyRefused(given, NOW)).toMatchObject({ class: kind, reason: 'WorkerRefused' });
  });

  it('gives GPUs back when something that workers need has a name that is taken', () => {
    const message = 'Secret team/tune-identity-0 was written by somebody else: delete it, or rename the job';
    const verdict = whyRefused(refusal(409, message, 0), NOW);
    expect(verdict).toMatchObject({ class: 'queue', reason: 'WorkerNameTaken', message });
  });

  it('is not told while an API server that has just started loads the rights of the controller', () => {
    expect(whyRefused(refusal(403, loading, 1), NOW)).toBeUndefined();
  });
});

it('tells whose pod has the name of a worker', () => {
  expect(whyNameTaken(pod({ phase: 'Running' }), 'j', NOW).message).toBe(
    'pod j-worker-0, which is not of this job, has the name of its worker: delete that pod or rename the job',
  );
  const owner = { apiVersion: 'tuneyard.dev/v1alpha1', kind: 'FineTuneJob', name: 'j', uid: 'old' };
  expect(whyNameTaken(pod({}, {}, { ownerReferences: [owner] }), 'j', NOW).message).toBe(
    'pod j-worker-0 of an earlier job of this name is still there',
  );
});
