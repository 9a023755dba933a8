import { describe, expect, it } from 'vitest';
import { estimatedRequests, workerResourceProblems } from './worker-resources.js';

const GiB = 2 ** 30;
const LIMITS = 'spec.podTemplate.spec.containers[1].resources.limits';
const REQUESTS = 'spec.podTemplate.spec.containers[1].resources.requests';
const trainer = (resources: object, template?: object) => ({
  podTemplate: { spec: { containers: [{ name: 'side' }, { name: 'trainer', resources }] } },
  ...(template === undefined ? {} : { template: { resources: template } }),
});

describe('what a worker asks for beside its GPUs', () => {
  it('is a processor a GPU, and memory of the process and of the model', () => {
    expect(estimatedRequests({ gpus: 4 })).toEqual({ cpu: '4', memory: '1536Mi' });
    expect(estimatedRequests({ gpus: 1, hostBytes: 2.2 * GiB })).toEqual({ cpu: '1', memory: '3789Mi' });
  });

  it.each([
    ['no template', {}],
    [
      'no trainer',
      { podTemplate: { spec: { containers: [{ name: 'side', resources: { limits: { cpu: '1m' } } }] } } },
    ],
    ['limits that are enough', trainer({ limits: { cpu: '2', memory: '4Gi' } })],
    [
      'its own requests below its limits',
      trainer({ limits: { memory: '1Gi' }, requests: { memory: '512Mi' } }),
    ],
    ['a limit that is the wish', trainer({ limits: { memory: '8192Mi' } }, { memory: '8Gi' })],
    ['a request alone', trainer({ requests: { memory: '64Gi' } })],
    ['other resources', trainer({ limits: { 'ephemeral-storage': '1Mi' } })],
  ])('may be limited by %s', (_what, spec) => {
    expect(workerResourceProblems(spec, { gpus: 2, hostBytes: GiB })).toEqual([]);
  });

  it.each([
    [
      'memory below the estimate',
      trainer({ limits: { memory: '2Gi' } }),
      `${LIMITS}.memory is 2Gi, less than the 2560Mi that a worker is estimated to need: raise it, or set requests.memory beside it`,
    ],
    [
      'processors below the estimate',
      trainer({ limits: { cpu: '1500m' } }),
      `${LIMITS}.cpu is 1500m, less than the 2 that a worker is estimated to need: raise it, or set requests.cpu beside it`,
    ],
    [
      'a limit below the wish',
      trainer({ limits: { memory: '4Gi' } }, { memory: '8Gi' }),
      `${LIMITS}.memory is 4Gi, less than 8Gi of spec.template.resources.memory: leave out one of them`,
    ],
    [
      'a request above the wish',
      trainer({ requests: { cpu: 8 } }, { cpu: '4' }),
      `${REQUESTS}.cpu is 8, more than the limit 4 of spec.template.resources.cpu: raise that`,
    ],
  ])('may not be limited by %s', (_what, spec, sentence) => {
    expect(workerResourceProblems(spec, { gpus: 2, hostBytes: GiB })).toEqual([sentence]);
  });
});
