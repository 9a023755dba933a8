import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FineTuneJob } from '../api/index.js';
import { findCondition } from '../api/index.js';
import type { PodObject } from '../pool/index.js';
import { decide } from './decide.js';
import type { JobFacts, NodeTrouble } from './facts.js';
import { rfc3339 } from './next-status.js';
import { admitted, exited, facts, makeJob, NOW, podsOf, training } from './test-facts.js';
import { transitionEvents } from './transition-events.js';

const SPEC = { workers: { min: 1, max: 2, gpusPerWorker: 4 } };
const bound = (pods: readonly PodObject[], nodes: readonly string[] = ['a', 'b']) =>
  pods.map((pod, i) => ({ ...pod, spec: { ...pod.spec!, nodeName: nodes[i] ?? '' } }));
const leaving = (pod: PodObject) => ({
  ...pod,
  metadata: { ...pod.metadata, deletionTimestamp: rfc3339(NOW) },
});
const hearing = (...indices: readonly number[]) => {
  const all = training();
  return { ...all, members: indices.map((index) => all.members[index]!) };
};
const trouble = (state: NodeTrouble) => new Map([['b', state]]);

/** What is decided of a job whose worker 1 is on node b, which is in trouble. */
const lostOf = (job: FineTuneJob, more: Partial<JobFacts>) => decide(facts(job, more)).status.placement?.lost;

/** Its worker 1 is known to be lost. */
const damaged = () => {
  const job = admitted(SPEC, 100);
  const given = { pods: bound(podsOf(job)), training: hearing(0), nodes: trouble('gone') };
  const decision = decide(facts(job, given));
  return { before: job, given, decision, job: makeJob(SPEC, decision.status) };
};

describe('a worker whose node is gone', () => {
  it('is written down as lost, and the job keeps its attempt, its quota and its restarts', () => {
    const { before, decision } = damaged();
    expect(decision.status).toMatchObject({
      phase: 'Starting',
      placement: { nodes: ['a', 'b'], lost: [1] },
      workers: { desired: 2 },
    });
    expect(decision.status.restarts).toBeUndefined();
    expect(decision.status.evictions).toBeUndefined();
    expect(decision.status.attempt).toBeUndefined();
    expect(decision.unregister).toBeUndefined();
    expect(findCondition(decision.status.conditions, 'WorkersReady')).toMatchObject({
      reason: 'NodeLost',
      message: '1 of 2 workers have a node: worker 1 needs another than b',
    });
    expect(transitionEvents(before.status, decision.status)).toEqual([
      { type: 'Warning', reason: 'NodeLost', message: 'worker 1 lost its node b; the others go on' },
    ]);
  });

  it('has its pod removed without waiting for an agent, while the others go on; none is made before it has a node', () => {
    const { job, given } = damaged();
    const { status, removePods, deletePods, createPods, register } = decide(facts(job, given));
    expect(removePods?.map(({ metadata }) => metadata.name)).toEqual(['j-worker-1']);
    expect(deletePods).toEqual([]);
    expect(createPods).toEqual([]);
    expect(register).toEqual({ expectedWorkers: 1, fresh: false });
    expect(status).toMatchObject({ phase: 'Training', workers: { desired: 2, ready: 1 } });
    // A pod that its agent should have ended before the node went away is no reason to wait either.
    const [first, second] = given.pods;
    const late = decide(facts(job, { ...given, pods: [first!, leaving(second!)] }));
    expect(late.removePods).toHaveLength(1);
  });

  it('is made anew on the node that the scheduler found, and counted', () => {
    const { job, given } = damaged();
    const resize = { key: 'default/j', nodes: ['a', 'c'] };
    const { status } = decide(facts(job, { ...given, resize }));
    expect(status.placement).toMatchObject({ nodes: ['a', 'c'], time: rfc3339(NOW) });
    expect(status.placement?.lost).toBeUndefined();
    expect(status).toMatchObject({ replacements: 1, workers: { desired: 2 } });
    expect(transitionEvents(job.status, status)).toEqual([
      {
        type: 'Normal',
        reason: 'WorkerReplaced',
        message: 'worker 1, which was on b, goes on on c',
      },
    ]);
    const repaired = makeJob(SPEC, status);
    // The decision is not repeated until the scheduler has seen it.
    const still = decide(facts(repaired, { ...given, resize }));
    expect(still.status.placement).toEqual(status.placement);
    expect(still.removePods).toHaveLength(1);
    expect(still.createPods).toEqual([]);
    const cleared = decide(facts(repaired, { ...given, pods: given.pods.slice(0, 1) }));
    expect(cleared.createPods).toMatchObject([{ index: 1, node: 'c', attempt: 0 }]);
  });

  it('goes on where it was when the node comes back first', () => {
    const { job, given } = damaged();
    const { status } = decide(facts(job, { ...given, nodes: new Map(), pods: given.pods.slice(0, 1) }));
    expect(status.placement?.lost).toBeUndefined();
    const next = decide(
      facts(makeJob(SPEC, status), { ...given, nodes: new Map(), pods: given.pods.slice(0, 1) }),
    );
    expect(next.createPods).toMatchObject([{ index: 1, node: 'b' }]);
    expect(next.status.replacements).toBeUndefined();
  });

  it('costs the work since the checkpoint only if nobody else has it', () => {
    const job = admitted(SPEC, 50);
    const both = new Map<string, NodeTrouble>([
      ['a', 'gone'],
      ['b', 'gone'],
    ]);
    const { status } = decide(facts(job, { pods: bound(podsOf(job)), training: training(), nodes: both }));
    expect(status).toMatchObject({ placement: { lost: [0, 1] }, gpuSecondsLost: 50 * 8 });
    expect(damaged().decision.status.gpuSecondsLost).toBeUndefined();
  });

  it('ends the attempt when the scheduler finds too few left: those left write a checkpoint first', () => {
    const { job, given } = damaged();
    const eviction = { reason: 'NodeLost', message: '1 of at least 2 workers are left' } as const;
    const asked = decide(facts(job, { ...given, eviction }));
    expect(asked.stop).toEqual({ reason: eviction.message, checkpoint: true });
    expect(findCondition(asked.status.conditions, 'Checkpointing')?.reason).toBe('NodeLost');
    const pods = [{ ...given.pods[0]!, status: { phase: 'Succeeded' } }, given.pods[1]!];
    const { status } = decide(facts(makeJob(SPEC, asked.status), { ...given, pods, eviction }));
    expect(findCondition(status.conditions, 'Evicted')).toMatchObject({ status: 'True', reason: 'NodeLost' });
    expect(status).toMatchObject({ phase: 'Queued', attempt: 1, evictions: 1 });
    expect(status.restarts).toBeUndefined();
  });
});

describe('a worker whose node is not ready', () => {
  const job = admitted(SPEC, 100);
  const pods = bound(podsOf(job));
  const nodes = trouble('unreachable');

  it('is not lost while the coordinator hears it: the node may be cut off from the API server alone', () => {
    expect(lostOf(job, { pods, nodes, training: training() })).toBeUndefined();
    const told = [pods[0]!, leaving(pods[1]!)];
    expect(lostOf(job, { pods: told, nodes, training: training() })).toBeUndefined();
  });

  it('is lost when the coordinator hears others but not it, or its pod is taken away', () => {
    expect(lostOf(job, { pods, nodes, training: hearing(0) })).toEqual([1]);
    expect(lostOf(job, { pods, nodes, training: hearing() })).toBeUndefined();
    const told = [pods[0]!, leaving(pods[1]!)];
    expect(lostOf(job, { pods: told, nodes, training: hearing() })).toEqual([1]);
  });

  it('is lost when its pod has not begun, or failed for want of the machine', () => {
    expect(lostOf(job, { pods: pods.slice(0, 1), nodes, training: training() })).toEqual([1]);
    const failed = [pods[0]!, { ...pods[1]!, status: exited(137) }];
    expect(lostOf(job, { pods: failed, nodes, training: hearing(0) })).toEqual([1]);
  });

  it('but that said what is wrong with the input, fails the job', () => {
    const refused = [pods[0]!, { ...pods[1]!, status: exited(2, 'Error', 'no rows') }];
    const { status } = decide(facts(job, { pods: refused, nodes, training: hearing(0) }));
    expect(findCondition(status.conditions, 'Failed')?.reason).toBe('UserError');
  });
});

describe('a worker on a cordoned node', () => {
  const job = admitted(SPEC, 100);
  const pods = bound(podsOf(job));
  const nodes = trouble('closed');

  it('goes on, and writes its checkpoint when it is told to go', () => {
    expect(lostOf(job, { pods, nodes, training: training() })).toBeUndefined();
    const told = [pods[0]!, leaving(pods[1]!)];
    expect(lostOf(job, { pods: told, nodes, training: training() })).toBeUndefined();
  });

  it('needs another node once it is gone, or was never bound', () => {
    expect(lostOf(job, { pods: pods.slice(0, 1), nodes, training: hearing(0) })).toEqual([1]);
    const unbound = [pods[0]!, podsOf(job)[1]!];
    expect(lostOf(job, { pods: unbound, nodes, training: hearing(0) })).toEqual([1]);
  });
});

describe('a pod that the cluster ended for reasons of its own', () => {
  it('is replaced without counting as a failure', () => {
    const job = admitted({ ...SPEC, runPolicy: { backoffLimit: 0 } }, 100);
    const [first, second] = bound(podsOf(job));
    const conditions = [{ type: 'DisruptionTarget', status: 'True', message: 'preempting' }];
    const ended = { ...second!, status: { ...exited(143), conditions } };
    const { status, deletePods } = decide(facts(job, { pods: [first!, ended], training: hearing(0) }));
    expect(deletePods?.map(({ metadata }) => metadata.name)).toEqual(['j-worker-1']);
    expect(status.phase).toBe('Training');
    expect(status.restarts).toBeUndefined();
    const told = { ...second!, status: { phase: 'Running', conditions } };
    expect(decide(facts(job, { pods: [first!, told], training: training() })).deletePods).toEqual([]);
  });
});

describe('whatever happens to nodes', () => {
  it('no failure is counted, no worker that is heard and has a node is touched, and one decision follows another', () => {
    const anyTrouble = fc.option(fc.constantFrom<NodeTrouble>('closed', 'unreachable', 'gone'), {
      nil: undefined,
    });
    const anyWorker = fc.record({
      trouble: anyTrouble,
      pod: fc.constantFrom('none', 'unbound', 'running', 'leaving'),
      heard: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.tuple(anyWorker, anyWorker), (workers) => {
        let job = admitted(SPEC, 100);
        const made = podsOf(job);
        const pods = workers.flatMap(({ pod }, i) => {
          if (pod === 'none') return [];
          if (pod === 'unbound') return [made[i]!];
          const there = bound(made)[i]!;
          return [pod === 'leaving' ? leaving(there) : there];
        });
        const nodes = new Map(
          workers.flatMap(({ trouble: what }, i) =>
            what === undefined ? [] : [[['a', 'b'][i]!, what] as const],
          ),
        );
        const heard = workers.flatMap((worker, i) => (worker.heard ? [i] : []));
        for (let round = 0; round < 3; round++) {
          const given = { pods, nodes, training: hearing(...heard) };
          const decision = decide(facts(job, given));
          expect(decision.status.restarts).toBeUndefined();
          expect(decision.status.placement?.nodes).toEqual(['a', 'b']);
          const touched = [...(decision.deletePods ?? []), ...(decision.removePods ?? [])];
          for (const { metadata } of touched) {
            const index = Number(metadata.name.at(-1));
            const { trouble: what, pod, heard: isHeard } = workers[index]!;
            expect(what).toBeDefined();
            if (isHeard && pod === 'running') expect(what).toBe('gone');
          }
          // Nothing changes any more once it is written down what is lost.
          if (round > 0) expect(decision.status.placement).toEqual(job.status?.placement);
          job = makeJob(SPEC, decision.status);
        }
      }),
    );
  });
});
