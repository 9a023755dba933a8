import { describe, expect, it } from 'vitest';
import type { PodObject } from './objects.js';
import { requestsOfPod } from './requests.js';

const container = (cpu: string, more: object = {}) => ({
  name: 'c',
  resources: { requests: { cpu, ...more } },
});
const pod = (spec: object, status: object = {}) => ({ metadata: { name: 'p' }, spec, status }) as PodObject;

describe('requestsOfPod', () => {
  it('adds containers, the largest init container and the overhead', () => {
    const spec = {
      containers: [container('1'), container('500m', { 'rdma/hca': '1', memory: '1Gi' })],
      initContainers: [container('2'), container('1', { memory: '3G' })],
      overhead: { cpu: '250m', memory: '120Mi' },
    };
    expect(requestsOfPod(pod(spec))).toEqual({
      cpu: 2250,
      memory: 3e9 + 120 * 2 ** 20,
      'rdma/hca': 1,
      pods: 1,
    });
  });

  it('adds sidecars to what runs after them', () => {
    const sidecar = { ...container('1'), restartPolicy: 'Always' };
    const of = (...initContainers: object[]) =>
      requestsOfPod(pod({ containers: [container('2')], initContainers }))['cpu'];
    expect(of(sidecar)).toBe(3000);
    expect(of(sidecar, container('4'))).toBe(5000);
    expect(of(container('4'), sidecar)).toBe(4000);
  });

  it('takes a limit for the request where there is none, and what the pod asks for as a whole for its containers', () => {
    const limits = { cpu: '3', 'nvidia.com/gpu': '2' };
    expect(
      requestsOfPod(pod({ containers: [{ name: 'c', resources: { limits, requests: { cpu: '1' } } }] })),
    ).toEqual({
      cpu: 1000,
      'nvidia.com/gpu': 2,
      pods: 1,
    });
    const whole = { containers: [container('1')], resources: { requests: { cpu: '4' } } };
    expect(requestsOfPod(pod(whole))).toEqual({ cpu: 4000, pods: 1 });
  });

  it('counts what a container still has while it is made smaller in place', () => {
    const status = { containerStatuses: [{ name: 'c', allocatedResources: { cpu: '8' } }] };
    expect(requestsOfPod(pod({ containers: [container('1')] }, status))).toEqual({ cpu: 8000, pods: 1 });
  });
});
