import { describe, expect, it } from 'vitest';
import { findCondition } from '../api/index.js';
import type { FineTuneJobStatus } from '../api/index.js';
import { decide } from './decide.js';
import { rfc3339 } from './next-status.js';
import { refusedNodesOf } from './obstacles.js';
import { admitted, facts, makeJob, NOW, podsOf, training } from './test-facts.js';

const readinessOf = (status: FineTuneJobStatus) => findCondition(status.conditions, 'WorkersReady');
const refusals = (status: number, message: string, secondsAgo = 0) =>
  new Map([[1, { status, message, since: NOW - secondsAgo * 1000, at: NOW, count: 1 }]]);
const unbound = (job: ReturnType<typeof admitted>, index: number, secondsAgo: number) =>
  podsOf(job).map((pod, i) =>
    i !== index
      ? pod
      : {
          ...pod,
          metadata: { ...pod.metadata, creationTimestamp: rfc3339(NOW - secondsAgo * 1000) },
          status: {
            phase: 'Pending',
            conditions: [
              {
                type: 'PodScheduled',
                status: 'False',
                reason: 'Unschedulable',
                message: '1 Insufficient cpu',
              },
            ],
          },
        },
  );
const trains = (spec: object = {}) => {
  const job = admitted(spec, 60);
  return makeJob(spec, decide(facts(job, { pods: podsOf(job), training: training() })).status);
};

describe('a gang that has not begun', () => {
  it('says why a worker is missing, and waits for what may come', () => {
    const job = admitted();
    const state = { waiting: { reason: 'CreateContainerConfigError', message: 'secret "absent" not found' } };
    const pods = podsOf(job, { phase: 'Pending', containerStatuses: [{ name: 'trainer', state }] });
    expect(readinessOf(decide(facts(job, { pods })).status)).toMatchObject({
      reason: 'WorkerNotStarting',
      message:
        '0 of 2 workers are ready; workers 0, 1: CreateContainerConfigError: secret "absent" not found',
    });
  });

  it('fails at once when its template can never be a pod', () => {
    const job = admitted();
    const { status, deletePods } = decide(
      facts(job, {
        pods: podsOf(job).slice(0, 1),
        refusals: refusals(422, 'Pod "j-worker-1" is invalid: x'),
      }),
    );
    expect(findCondition(status.conditions, 'Failed')).toMatchObject({
      status: 'True',
      reason: 'InvalidSpec',
      message: 'worker 1: Pod "j-worker-1" is invalid: x',
    });
    expect(deletePods).toHaveLength(1);
  });

  it('tells of a quota at once, and gives its GPUs back soon', () => {
    const job = admitted();
    const given = { pods: podsOf(job).slice(0, 1) };
    const told = decide(facts(job, { ...given, refusals: refusals(403, 'exceeded quota: g') }));
    expect(readinessOf(told.status)).toMatchObject({
      reason: 'WorkerRefused',
      message: '0 of 2 workers are ready; worker 1: exceeded quota: g',
    });
    expect(told.createPods).toEqual([]);
    const over = decide(facts(job, { ...given, refusals: refusals(403, 'exceeded quota: g', 11) }));
    expect(over.status).toMatchObject({ phase: 'Queued', requeueAt: rfc3339(NOW + 60_000) });
    expect(over.status.placement).toBeUndefined();
    expect(findCondition(over.status.conditions, 'Evicted')?.message).toBe(
      '0 of 2 workers were ready in time; worker 1: exceeded quota: g',
    );
    expect(over.deletePods).toHaveLength(1);
  });

  it('goes back to the queue at once when a node refuses a worker, and remembers the node', () => {
    const job = admitted();
    const { status } = decide(facts(job, { pods: unbound(job, 1, 11) }));
    expect(status).toMatchObject({
      phase: 'Queued',
      refusedNodes: [{ node: 'b', reason: '1 Insufficient cpu', time: rfc3339(NOW) }],
    });
    expect(status.requeueAt).toBeUndefined();
    expect(refusedNodesOf(status, NOW).nodes).toEqual(['b']);
    expect(refusedNodesOf(status, NOW + 16 * 60_000).nodes).toEqual([]);
  });

  it('does not hold GPUs for ever after an earlier attempt that trained', () => {
    const job = admitted({}, 601, { progress: { step: 5 } });
    expect(decide(facts(job, { pods: podsOf(job, { phase: 'Pending' }) })).status.phase).toBe('Queued');
  });

  it('makes no pod in the place of one that is not its own, and looks again', () => {
    const job = admitted();
    const [first] = podsOf(job);
    const foreign = new Map([[0, { ...first!, metadata: { ...first!.metadata, ownerReferences: [] } }]]);
    const decision = decide(facts(job, { foreign }));
    expect(decision.createPods).toMatchObject([{ index: 1 }]);
    expect(readinessOf(decision.status)?.message).toContain('pod j-worker-0, which is not of this job');
    expect(decision.lookAgainMs).toBe(5000);
  });
});

describe('a gang that trains', () => {
  it('looks for another node for a worker that cannot be placed where it was', () => {
    const job = trains();
    const waits = decide(facts(job, { pods: unbound(job, 1, 5), training: training() }));
    expect(waits.status.placement?.lost).toBeUndefined();
    const { status } = decide(facts(job, { pods: unbound(job, 1, 11), training: training() }));
    expect(status.placement?.lost).toEqual([1]);
    expect(readinessOf(status)?.message).toBe(
      '1 of 2 workers have a node: worker 1 needs another than b (1 Insufficient cpu)',
    );
    // Also once its pod is gone, until it has another node.
    const after = decide(facts(makeJob({}, status), { pods: podsOf(job).slice(0, 1), training: training() }));
    expect(after.status.placement?.lost).toEqual([1]);
    expect(after.createPods).toEqual([]);
  });

  it('goes on without a worker that a quota refuses, or back to the queue when it needs it', () => {
    const elastic = trains({ workers: { min: 1, max: 2, gpusPerWorker: 4 } });
    const given = { pods: podsOf(elastic).slice(0, 1), refusals: refusals(403, 'exceeded quota: g', 11) };
    const smaller = decide(facts(elastic, { ...given, training: training() }));
    expect(smaller.status.placement?.nodes).toEqual(['a']);
    const whole = decide(facts(trains(), { ...given, training: training() }));
    expect(findCondition(whole.status.conditions, 'Checkpointing')).toMatchObject({
      status: 'True',
      message: 'worker 1: exceeded quota: g',
    });
  });
});
