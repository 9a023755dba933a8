import type { FineTuneJob, FineTuneJobStatus } from '../api/index.js';
import { parseFineTuneJobSpec, resolveSpec } from '../api/index.js';
import type { JobTrainingState } from '../coordinator/job-coordinator.js';
import type { PodObject } from '../pool/index.js';
import { decide } from './decide.js';
import type { JobFacts } from './facts.js';
import { rfc3339 } from './next-status.js';
import { buildWorkerPod } from './worker-pod.js';

/** Builders of what is decided from, for tests. */

export const NOW = Date.parse('2026-05-01T12:00:00Z');
export const POD_OPTIONS = { coordinatorAddress: 'c:1', trainerImage: 'trainer' };

export const makeJob = (spec: object = {}, status?: FineTuneJobStatus): FineTuneJob => ({
  apiVersion: 'tuneyard.dev/v1alpha1',
  kind: 'FineTuneJob',
  metadata: {
    name: 'j',
    namespace: 'default',
    uid: 'u',
    generation: 1,
    creationTimestamp: rfc3339(NOW - 60_000),
  },
  spec: parseFineTuneJobSpec({
    queueName: 'q',
    model: { source: 'file:///m' },
    dataset: { sources: [{ uri: 'file:///d' }] },
    output: { uri: 'file:///o' },
    workers: { min: 2, max: 2, gpusPerWorker: 4 },
    ...spec,
  }),
  ...(status === undefined ? {} : { status }),
});

export const facts = (job: FineTuneJob, more: Partial<JobFacts> = {}): JobFacts => ({
  job,
  resolved: resolveSpec(job.spec),
  pods: [],
  training: undefined,
  admission: undefined,
  waiting: undefined,
  eviction: undefined,
  nodes: new Map(),
  now: NOW,
  ...more,
});

export const ADMISSION = { key: 'default/j', flavor: 'H100', resource: 'nvidia.com/gpu', nodes: ['a', 'b'] };

/** The status of a job that was admitted so many seconds ago. */
export const admitted = (spec: object = {}, secondsAgo = 0, more: FineTuneJobStatus = {}): FineTuneJob => {
  const { status } = decide(facts(makeJob(spec), { admission: ADMISSION, now: NOW - secondsAgo * 1000 }));
  return makeJob(spec, { ...status, ...more });
};

export const podsOf = (job: FineTuneJob, status: PodObject['status'] = { phase: 'Running' }): PodObject[] =>
  (job.status?.placement?.nodes ?? ['a', 'b']).map((node, index) => {
    const plan = { index, node, resource: 'nvidia.com/gpu', gpus: 4, attempt: job.status?.attempt ?? 0 };
    return { ...buildWorkerPod(job, plan, POD_OPTIONS), status };
  });

export const training = (more: Partial<JobTrainingState> = {}): JobTrainingState => ({
  generation: 1,
  members: ['j-worker-0', 'j-worker-1'].map((memberId) => ({
    memberId,
    address: '',
    ready: true,
    committedStep: 0,
    lastSeen: 0,
  })),
  progress: undefined,
  checkpoint: undefined,
  finished: undefined,
  ...more,
});

export const PROGRESS: NonNullable<JobTrainingState['progress']> = {
  step: 0,
  totalSteps: 10,
  epoch: 0,
  trainLoss: 1,
  evalLoss: undefined,
  gradientNorm: 1,
  learningRate: 1e-4,
  tokensPerSecond: 100,
  stepSeconds: 1,
  tokens: 10,
  estimatedSecondsLeft: 10,
};

export const exited = (exitCode: number, reason = 'Error', message = ''): PodObject['status'] => ({
  phase: 'Failed',
  containerStatuses: [{ name: 'trainer', state: { terminated: { exitCode, reason, message } } }],
});
