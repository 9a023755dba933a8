import { Finished_Outcome } from '@tuneyard/proto';
import { describe, expect, it } from 'vitest';
import type { FineTuneJob, FineTuneJobStatus } from '../api/index.js';
import { findCondition } from '../api/index.js';
import { decide } from './decide.js';
import type { JobFacts } from './facts.js';
import { rfc3339 } from './next-status.js';
import { buildWorkerPod } from './worker-pod.js';
import {
  ADMISSION,
  admitted,
  exited,
  facts,
  makeJob,
  NOW,
  POD_OPTIONS,
  podsOf,
  PROGRESS,
  training,
} from './test-facts.js';

const failedAs = (job: FineTuneJob, more: Partial<JobFacts>) => {
  const { status } = decide(facts(job, more));
  return { phase: status.phase, ...findCondition(status.conditions, 'Failed') };
};

describe('an admitted job', () => {
  it('is stored as admitted before it gets any pod', () => {
    const decision = decide(facts(makeJob(), { admission: ADMISSION }));
    expect(decision.createPods).toBeUndefined();
    expect(decision.status).toMatchObject({
      phase: 'Starting',
      placement: { flavor: 'H100', nodes: ['a', 'b'] },
      startTime: rfc3339(NOW),
    });
    const next = decide(facts(makeJob({}, decision.status)));
    expect(next.register).toEqual({ expectedWorkers: 2, fresh: true });
    expect(next.createPods).toMatchObject([
      { index: 0, node: 'a', gpus: 4, attempt: 0 },
      { index: 1, node: 'b', gpus: 4, attempt: 0 },
    ]);
  });

  it('creates only the pods that are missing, and none in the place of one that is being deleted', () => {
    const job = admitted();
    const [first] = podsOf(job);
    expect(decide(facts(job, { pods: [first!] })).createPods).toMatchObject([{ index: 1 }]);
    const leaving = { ...first!, metadata: { ...first!.metadata, deletionTimestamp: rfc3339(NOW) } };
    expect(decide(facts(job, { pods: [leaving] })).createPods).toMatchObject([{ index: 1 }]);
  });

  it('lets nobody in while workers of an earlier attempt are still there', () => {
    const job = admitted({}, 0, { attempt: 1 });
    const decision = decide(facts(job, { pods: podsOf(admitted()) }));
    expect(decision.register).toBeUndefined();
    expect(decision.createPods).toEqual([]);
    expect(decision.deletePods).toHaveLength(2);
  });

  it('decides the same again from its own decision', () => {
    const job = admitted();
    const given = { pods: podsOf(job), training: training() };
    const once = decide(facts(job, given)).status;
    expect(decide(facts(makeJob({}, once), { ...given, now: NOW + 5000 })).status).toEqual(once);
  });

  it('goes back to the queue when its workers do not get ready in time, later each time', () => {
    const job = admitted({}, 601);
    const { status, deletePods, unregister } = decide(facts(job, { pods: podsOf(job) }));
    expect(status).toMatchObject({
      phase: 'Queued',
      evictions: 1,
      attempt: 1,
      requeueAt: rfc3339(NOW + 60_000),
    });
    expect(findCondition(status.conditions, 'Evicted')).toMatchObject({
      status: 'True',
      reason: 'WorkersNotReadyInTime',
    });
    expect(deletePods).toHaveLength(2);
    expect(unregister).toBe(true);
    expect(status.placement).toBeUndefined();
  });

  it('accounts for the GPU-seconds that it held', () => {
    const job = admitted({}, 100);
    const done = training({
      finished: {
        step: 1,
        outcome: Finished_Outcome.OUTCOME_COMPLETE,
        reason: '',
        message: '',
        artifacts: [],
        metrics: [],
        timeShares: undefined,
      },
    });
    expect(decide(facts(job, { pods: podsOf(job), training: done })).status).toMatchObject({
      phase: 'Complete',
      gpuSecondsUsed: 800,
      activeSecondsBefore: 100,
    });
  });
});

describe('failures', () => {
  it('of the input are not tried again', () => {
    const job = admitted();
    expect(
      failedAs(job, { pods: podsOf(job, exited(2, 'Error', 'model.safetensors is truncated')) }),
    ).toMatchObject({
      phase: 'Failed',
      reason: 'UserError',
      message: 'j-worker-0 refused its input: model.safetensors is truncated',
    });
  });

  it('for lack of memory start the gang anew with half the micro-batch, once', () => {
    const job = admitted();
    const [first, second] = podsOf(job);
    for (const status of [exited(137, 'OOMKilled'), exited(4)]) {
      const pods = [first!, { ...second!, status }];
      const decision = decide(facts(job, { pods, training: training() }));
      expect(decision.deletePods).toHaveLength(2);
      expect(decision.unregister).toBe(true);
      expect(decision.status).toMatchObject({
        attempt: 1,
        restarts: 1,
        microBatchSize: 2,
        lastFailure: { reason: 'OutOfMemory' },
      });
      expect(decision.status.lastFailure?.message).toContain('goes on with training.microBatchSize 2');
    }
    const again = admitted({}, 0, { restarts: 1, microBatchSize: 2 });
    expect(failedAs(again, { pods: podsOf(again, exited(4)) })).toMatchObject({
      phase: 'Failed',
      reason: 'OutOfMemory',
    });
  });

  it('for lack of memory end the job at once where the micro-batch is one row, and say what lowers the need', () => {
    const job = admitted({ training: { microBatchSize: 1 } });
    const failed = failedAs(job, { pods: podsOf(job, exited(137, 'OOMKilled')) });
    expect(failed).toMatchObject({ phase: 'Failed', reason: 'OutOfMemory' });
    expect(failed.message).toContain(
      'was killed for using too much memory; set training.gradientCheckpointing',
    );
  });

  it('of one machine replace that worker alone', () => {
    const job = admitted();
    const [first, second] = podsOf(job);
    const broken = { ...second!, status: exited(137) };
    const { status, deletePods, unregister } = decide(
      facts(job, { pods: [first!, broken], training: training() }),
    );
    expect(deletePods?.map(({ metadata }) => metadata.name)).toEqual(['j-worker-1']);
    expect(unregister).toBe(false);
    expect(status).toMatchObject({ restarts: 1, lastFailure: { reason: 'Infrastructure' } });
    expect(status.attempt).toBeUndefined();
  });

  it('of all machines start the gang anew, and count what was lost', () => {
    const job = admitted({}, 50);
    const { status, deletePods, unregister } = decide(
      facts(job, { pods: podsOf(job, exited(1)), training: training() }),
    );
    expect(deletePods).toHaveLength(2);
    expect(unregister).toBe(true);
    expect(status).toMatchObject({ restarts: 1, attempt: 1, gpuSecondsLost: 400 });
    expect(status.placement).toBeDefined();
  });

  it('end the job after backoffLimit tries', () => {
    const job = admitted({ runPolicy: { backoffLimit: 2 } }, 0, { restarts: 2 });
    expect(failedAs(job, { pods: podsOf(job, exited(1)) })).toMatchObject({
      reason: 'BackoffLimitExceeded',
      message: 'j-worker-0 ended with exit code 1; it was tried again 2 times',
    });
  });

  it('come back later each time', () => {
    const lastFailure = { reason: 'Infrastructure', message: '', time: rfc3339(NOW) };
    const again = (restarts: number) => {
      const decision = decide(facts(admitted({}, 0, { restarts, lastFailure })));
      return [decision.createPods?.length, decision.lookAgainMs];
    };
    expect(again(1)[0]).toBe(2);
    expect(again(2)).toEqual([0, 5000]);
    expect(again(3)).toEqual([0, 10_000]);
  });

  it('reported by the workers keep their words', () => {
    const job = admitted();
    const finished = {
      step: 3,
      outcome: Finished_Outcome.OUTCOME_FAILED,
      reason: 'Diverged',
      message: 'the loss is not finite at step 3',
      artifacts: [],
      metrics: [],
      timeShares: undefined,
    };
    expect(failedAs(job, { pods: podsOf(job), training: training({ finished }) })).toMatchObject({
      reason: 'Diverged',
      message: 'the loss is not finite at step 3',
    });
  });
});

describe('time', () => {
  it('of earlier attempts counts towards the deadline', () => {
    const spec = { runPolicy: { activeDeadlineSeconds: 100 } };
    const within = admitted(spec, 30, { activeSecondsBefore: 60 });
    expect(decide(facts(within, { pods: podsOf(within), training: training() })).lookAgainMs).toBe(10_000);
    const over = admitted(spec, 41, { activeSecondsBefore: 60 });
    expect(failedAs(over, { pods: podsOf(over), training: training() })).toMatchObject({
      reason: 'DeadlineExceeded',
    });
  });

  it('to live after the end is kept', () => {
    const job = admitted({ runPolicy: { ttlSecondsAfterFinished: 60 } });
    const done = decide(
      facts(job, {
        training: training({
          finished: {
            step: 1,
            outcome: Finished_Outcome.OUTCOME_COMPLETE,
            reason: '',
            message: '',
            artifacts: [],
            metrics: [],
            timeShares: undefined,
          },
        }),
      }),
    );
    const ended = makeJob({ runPolicy: { ttlSecondsAfterFinished: 60 } }, done.status);
    expect(decide(facts(ended, { now: NOW + 59_000 }))).toMatchObject({ lookAgainMs: 1000 });
    expect(decide(facts(ended, { now: NOW + 60_000 })).deleteJob).toBe(true);
  });

  it('after the end is short for workers that do not exit', () => {
    const job = admitted();
    const finished = {
      step: 1,
      outcome: Finished_Outcome.OUTCOME_COMPLETE,
      reason: '',
      message: '',
      artifacts: [],
      metrics: [],
      timeShares: undefined,
    };
    const ended = makeJob({}, decide(facts(job, { training: training({ finished }) })).status);
    expect(decide(facts(ended, { pods: podsOf(job) }))).toMatchObject({ deletePods: [], unregister: false });
    expect(decide(facts(ended, { pods: podsOf(job), now: NOW + 30_000 })).deletePods).toHaveLength(2);
    expect(
      decide(facts(ended, { pods: podsOf(job, { phase: 'Succeeded' }), now: NOW + 30_000 })).deletePods,
    ).toEqual([]);
  });
});

describe('giving GPUs back', () => {
  const eviction = { reason: 'Suspended' as const, message: 'spec.suspend is true' };

  it('does not run a job again that reached its end meanwhile', () => {
    const progress = (step: number) => training({ progress: { ...PROGRESS, step, totalSteps: 10 } });
    const job = admitted();
    const pods = podsOf(job, { phase: 'Succeeded' });
    const waiting = decide(facts(job, { pods, training: progress(10), eviction }));
    expect(findCondition(waiting.status.conditions, 'WorkersReady')?.reason).toBe('WorkersStopped');
    const later = { pods, training: progress(10), eviction, now: NOW + 60_000 };
    expect(decide(facts(makeJob({}, waiting.status), later)).status.phase).toBe('Complete');
    const early = decide(facts(job, { pods, training: progress(9), eviction }));
    expect(early.status.phase).toBe('Suspended');
  });

  it('asks for a checkpoint first and waits for the workers', () => {
    const job = admitted({ suspend: true });
    const asked = decide(facts(job, { pods: podsOf(job), training: training(), eviction }));
    expect(asked).toMatchObject({
      stop: { checkpoint: true },
      lookAgainMs: 120_000,
      status: { phase: 'Checkpointing' },
    });
    const stored = makeJob({ suspend: true }, asked.status);
    const waiting = decide(
      facts(stored, { pods: podsOf(job), training: training(), eviction, now: NOW + 119_000 }),
    );
    expect(waiting.status.phase).toBe('Checkpointing');
    const given = decide(
      facts(stored, { pods: podsOf(job, { phase: 'Succeeded' }), training: training(), eviction }),
    );
    expect(given.status).toMatchObject({ phase: 'Suspended', evictions: 0, attempt: 1 });
  });

  it('does not wait longer than checkpointGraceSeconds, and says what that cost', () => {
    const spec = { suspend: true, runPolicy: { preemption: { checkpointGraceSeconds: 10 } } };
    const job = admitted(spec, 30);
    const asked = decide(facts(job, { pods: podsOf(job), training: training(), eviction }));
    const late = decide(
      facts(makeJob(spec, asked.status), {
        pods: podsOf(job),
        training: training(),
        eviction,
        now: NOW + 10_000,
      }),
    );
    expect(late.deletePods).toHaveLength(2);
    expect(late.status).toMatchObject({ phase: 'Suspended', gpuSecondsLost: 320 });
  });
});

describe('worker pods', () => {
  it('are owned by the job, pinned to the node, and carry no secret in the open', () => {
    const [pod] = podsOf(admitted());
    expect(pod?.metadata.ownerReferences).toMatchObject([{ uid: 'u', controller: true }]);
    const text = JSON.stringify(pod);
    expect(text).toContain('"matchFields":[{"key":"metadata.name","operator":"In","values":["a"]}]');
    expect(text).toContain(
      '"name":"TUNEYARD_TOKEN","valueFrom":{"secretKeyRef":{"name":"j-identity-0","key":"token"}}',
    );
  });

  it('fit the restricted Pod Security level', () => {
    const plan = { index: 0, node: 'a', resource: 'nvidia.com/gpu', gpus: 1, attempt: 0 };
    expect(buildWorkerPod(makeJob({}), plan, POD_OPTIONS).spec).toMatchObject({
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [{ securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }],
    });
  });

  it('do not let the template change what the contract sets', () => {
    const job = makeJob({
      template: {
        labels: { 'tuneyard.dev/job': 'other', team: 'x' },
        env: [{ name: 'TUNEYARD_JOB_NAME', value: 'other' }],
      },
    });
    const pod = buildWorkerPod(
      job,
      { index: 0, node: 'a', resource: 'nvidia.com/gpu', gpus: 1, attempt: 0 },
      POD_OPTIONS,
    );
    expect(pod.metadata.labels).toMatchObject({ 'tuneyard.dev/job': 'j', team: 'x' });
    const container = pod.spec?.containers[0] as { env?: { name: string; value?: string }[] } | undefined;
    const env = (container?.env ?? []).filter(({ name }) => name === 'TUNEYARD_JOB_NAME');
    expect(env.at(-1)?.value).toBe('j');
  });
});

describe('a job whose workers all ended well, without a report of the end', () => {
  const ended = (progress: NonNullable<FineTuneJobStatus['progress']>, deleted = false) => {
    const job = admitted({}, 100, { progress });
    const pods = podsOf(job, { phase: 'Succeeded' }).map((pod) => ({
      ...pod,
      metadata: { ...pod.metadata, ...(deleted ? { deletionTimestamp: rfc3339(NOW) } : {}) },
    }));
    const { status } = decide(facts(job, { pods }));
    return decide(facts(makeJob({}, status), { pods, now: NOW + 6000 }));
  };

  it('has the coordinator look for what it wrote down, for a controller before this one may have heard the report', () => {
    const job = admitted({}, 100);
    const given = { pods: podsOf(job, { phase: 'Succeeded' }) };
    expect(decide(facts(job, given)).register).toEqual({ expectedWorkers: 2, fresh: false });
  });

  it('is complete if its last step was reported', () => {
    expect(ended({ step: 10, totalSteps: 10 }).status.phase).toBe('Complete');
  });

  it('starts again from its checkpoint if not: somebody else told them to end', () => {
    const { status, deletePods } = ended({ step: 4, totalSteps: 10 });
    expect(status).toMatchObject({
      phase: 'Starting',
      restarts: 1,
      lastFailure: { message: 'all workers ended, but after step 4 of 10' },
    });
    expect(deletePods).toHaveLength(2);
  });

  it('waits for those that are being deleted to be gone, and no failure is counted', () => {
    const { status, createPods } = ended({ step: 4, totalSteps: 10 }, true);
    expect(status.restarts ?? 0).toBe(0);
    expect(status.phase).toBe('Starting');
    expect(createPods).toEqual([]);
  });
});

describe('a job that makes room for another', () => {
  const preempted = { reason: 'Preempted', message: 'default/other needs its GPUs' } as const;

  it('goes at once while its workers are no group yet: there is nothing to save', () => {
    const job = admitted();
    const { status, stop, deletePods } = decide(facts(job, { pods: podsOf(job), eviction: preempted }));
    expect(status).toMatchObject({ phase: 'Queued', evictions: 1, gpuSecondsLost: 0 });
    expect(stop).toBeUndefined();
    expect(deletePods).toHaveLength(2);
  });

  it('is asked for a checkpoint, keeps its GPUs until its workers ended, then waits again', () => {
    const job = admitted({}, 100);
    const asked = decide(facts(job, { pods: podsOf(job), training: training(), eviction: preempted }));
    expect(asked.stop).toEqual({ reason: preempted.message, checkpoint: true });
    expect(asked.status.phase).toBe('Checkpointing');
    const stopped = makeJob({}, asked.status);
    const pods = podsOf(stopped, { phase: 'Succeeded' });
    const { status } = decide(facts(stopped, { pods, training: training(), eviction: preempted }));
    expect(findCondition(status.conditions, 'Evicted')).toMatchObject({
      status: 'True',
      reason: 'Preempted',
    });
    expect(status).toMatchObject({ phase: 'Queued', evictions: 1, attempt: 1 });
    expect(status.placement).toBeUndefined();
  });

  it('gives its GPUs to another job soon when it has reported nothing that is not saved', () => {
    const job = admitted({ runPolicy: { preemption: { checkpointGraceSeconds: 600 } } }, 100);
    const ask = (progress: object) => {
      const state = training(progress);
      const asked = decide(facts(job, { pods: podsOf(job), training: state, eviction: preempted }));
      return asked.lookAgainMs;
    };
    expect(ask({})).toBe(10_000);
    expect(ask({ progress: { ...PROGRESS, step: 5, totalSteps: 10 } })).toBe(600_000);
  });

  it('is evicted at the deadline when it does not answer, and what that cost is counted', () => {
    const job = admitted({ runPolicy: { preemption: { checkpointGraceSeconds: 30 } } }, 100);
    const asked = decide(facts(job, { pods: podsOf(job), training: training(), eviction: preempted }));
    const late = facts(makeJob(job.spec, asked.status), {
      pods: podsOf(job),
      training: training(),
      eviction: preempted,
      now: NOW + 30_000,
    });
    const { status, deletePods } = decide(late);
    expect(deletePods).toHaveLength(2);
    // 2 workers of 4 GPUs for 130 s, and no checkpoint.
    expect(status.gpuSecondsLost).toBe(130 * 8);
  });

  it('goes on with fewer workers: the first ones stay, the others go', () => {
    const job = admitted({ workers: { min: 1, max: 2, gpusPerWorker: 4 } }, 100);
    const resize = { key: 'default/j', nodes: ['a'] };
    const { status, register } = decide(facts(job, { pods: podsOf(job), training: training(), resize }));
    expect(status).toMatchObject({
      placement: { nodes: ['a'] },
      workers: { desired: 1 },
      gpuSecondsUsed: 800,
    });
    const reserved = status.conditions?.find(({ type }) => type === 'QuotaReserved');
    expect(reserved?.message).toBe('4 H100 of queue q');
    // The coordinator knows before they leave that they are not lost.
    expect(register).toEqual({ expectedWorkers: 1, fresh: false });
    const after = decide(facts(makeJob(job.spec, status), { pods: podsOf(job), training: training() }));
    expect(after.deletePods?.map(({ metadata }) => metadata.name)).toEqual(['j-worker-1']);
  });
});

describe('a job that has ended', () => {
  const ends = (job: FineTuneJob, more: Partial<JobFacts>) => {
    const { conditions } = decide(facts(job, more)).status;
    return (['Finished', 'QuotaReserved', 'Admitted'] as const).map((type) => {
      const { status, reason, message } = findCondition(conditions, type)!;
      return { status, reason, message };
    });
  };
  const released = [
    { status: 'False', reason: 'Finished', message: 'its quota is free again' },
    { status: 'False', reason: 'Finished', message: 'its GPUs are free again' },
  ];

  it('is Finished when it is complete, and holds neither quota nor GPUs', () => {
    const outcome = Finished_Outcome.OUTCOME_COMPLETE;
    const finished = {
      step: 10,
      outcome,
      reason: '',
      message: '',
      artifacts: [],
      metrics: [],
      timeShares: undefined,
    };
    expect(ends(admitted(), { training: training({ finished }) })).toEqual([
      { status: 'True', reason: 'Completed', message: 'training is complete' },
      ...released,
    ]);
  });

  it('is Finished when it failed, with the message of the failure', () => {
    const job = admitted();
    expect(ends(job, { pods: podsOf(job, exited(2, 'Error', 'no such column')) })).toEqual([
      { status: 'True', reason: 'Failed', message: expect.stringContaining('no such column') },
      ...released,
    ]);
  });

  it('is Finished since its end when an earlier release ended it', () => {
    const time = rfc3339(NOW - 3600_000);
    const failed = {
      type: 'Failed',
      status: 'True',
      reason: 'DataError',
      message: 'empty',
      lastTransitionTime: time,
    };
    const job = makeJob({}, { conditions: [failed as never], completionTime: time });
    const { status } = decide(facts(job));
    expect(findCondition(status.conditions, 'Finished')).toMatchObject({
      status: 'True',
      reason: 'Failed',
      message: 'empty',
      lastTransitionTime: time,
    });
    expect(decide(facts(makeJob({}, status))).status).toBe(status);
  });
});
