import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FineTuneJob, FineTuneJobStatus, GpuQueue } from '../api/index.js';
import {
  API_VERSION,
  FINE_TUNE_JOB_KIND,
  JOB_LABEL,
  parseFineTuneJobSpec,
  QUEUE_ANNOTATION,
  resolveSpec,
  WORKER_INDEX_LABEL,
} from '../api/index.js';
import type { KubeObject } from '../kube/index.js';
import { Cache } from '../kube/index.js';
import type { NodeObject, PodObject } from '../pool/index.js';
import type { Snapshot } from '../scheduling/index.js';
import { POD_INDEXERS } from './caches.js';
import { LiveSnapshot } from './live-snapshot.js';
import type { Undone } from './snapshot-entry.js';

const NOW = Date.parse('2026-05-01T12:00:00Z');
const NOTHING: Undone = { admission: undefined, resize: undefined, isEvicted: false };
const at = (ms: number) => new Date(ms).toISOString();

/** The caches of a controller, filled by hand, and what was decided besides. */
class View {
  readonly jobs = new Cache<FineTuneJob>();
  readonly queues = new Cache<GpuQueue>();
  readonly nodes = new Cache<NodeObject>();
  readonly pods = new Cache<PodObject>(POD_INDEXERS);
  readonly namespaces = new Cache<KubeObject>();
  readonly undone = new Map<string, Undone>();

  snapshot(): LiveSnapshot {
    return new LiveSnapshot(this, (key) => this.undone.get(key) ?? NOTHING, resolve);
  }
}

const resolved = new WeakMap<object, ReturnType<typeof resolveSpec>>();
const resolve = ({ spec }: FineTuneJob) => {
  let known = resolved.get(spec);
  if (known === undefined) resolved.set(spec, (known = resolveSpec(spec)));
  return known;
};

const spec = (more: object = {}) =>
  parseFineTuneJobSpec({
    queueName: 'q',
    model: { source: 'file:///m' },
    dataset: { sources: [{ uri: 'file:///d' }] },
    output: { uri: 'file:///o' },
    workers: { min: 1, max: 4, gpusPerWorker: 2 },
    ...more,
  });
const SPECS = [spec(), spec({ suspend: true }), spec({ workers: { min: 2, max: 2 } })];

const makeJob = (name: string, generation = 1, status?: FineTuneJobStatus): FineTuneJob => ({
  apiVersion: API_VERSION,
  kind: FINE_TUNE_JOB_KIND,
  metadata: { name, namespace: 'default', uid: `${name}-uid`, generation, creationTimestamp: at(NOW) },
  spec: SPECS[(generation - 1) % SPECS.length]!,
  ...(status === undefined ? {} : { status }),
});

const condition = (type: 'Admitted' | 'Complete' | 'Checkpointing') =>
  ({ type, status: 'True', reason: 'Admitted', message: '', lastTransitionTime: at(NOW) }) as NonNullable<
    FineTuneJobStatus['conditions']
  >[number];

const placed = (...nodes: string[]): FineTuneJobStatus => ({
  conditions: [condition('Admitted')],
  placement: { flavor: 'H100', resource: 'nvidia.com/gpu', nodes, time: at(NOW - 1000) },
});

const makeNode = (name: string, gpus = 8): NodeObject => ({
  metadata: { name, labels: { 'nvidia.com/gpu.product': 'NVIDIA-H100-80GB-HBM3' } },
  status: { allocatable: { 'nvidia.com/gpu': String(gpus) } },
});

const ownedBy = (job: string, uid = `${job}-uid`) => ({
  apiVersion: API_VERSION,
  kind: FINE_TUNE_JOB_KIND,
  name: job,
  uid,
  controller: true,
});

const makePod = (name: string, node: string, job?: string, phase = 'Running'): PodObject => ({
  metadata: {
    name,
    namespace: 'default',
    ...(job === undefined ? {} : { ownerReferences: [ownedBy(job)] }),
  },
  spec: { nodeName: node, containers: [{ name: 'c', resources: { limits: { 'nvidia.com/gpu': '2' } } }] },
  status: { phase },
});

const gpusOf = ({ pool }: Snapshot) =>
  Object.fromEntries(pool.nodes.map(({ name, gpus }) => [name, [gpus[0]?.used, gpus[0]?.leaving ?? 0]]));

/** All that a cycle may ask of a snapshot, in an order that does not depend on the order of events. */
const contents = ({ pool, queues, namespaces, pending, running }: Snapshot) => ({
  nodes: [...pool.nodes].sort((a, b) => (a.name < b.name ? -1 : 1)),
  queues: new Map(queues),
  namespaces: new Map(namespaces),
  pending: Object.fromEntries(pending),
  running: [...running].sort((a, b) => (a.key < b.key ? -1 : 1)),
});

describe('LiveSnapshot', () => {
  it('counts a placement once, whether its pods exist or not, and other pods besides', () => {
    const view = new View();
    view.nodes.put(makeNode('a'));
    view.jobs.put(makeJob('j', 1, placed('a', 'a')));
    const snapshot = view.snapshot();
    expect(gpusOf(snapshot.at(NOW))).toEqual({ a: [4, 0] });
    view.pods.put(makePod('j-worker-0', 'a', 'j'));
    view.pods.put(makePod('j-worker-1', 'a', 'j'));
    expect(gpusOf(snapshot.at(NOW))).toEqual({ a: [4, 0] });
    view.pods.put(makePod('foreign', 'a'));
    expect(gpusOf(snapshot.at(NOW))).toEqual({ a: [6, 0] });
    // The job is over: what its pods still hold comes free by itself.
    view.jobs.put(makeJob('j', 1, { conditions: [condition('Complete')] }));
    expect(gpusOf(snapshot.at(NOW))).toEqual({ a: [6, 4] });
    view.pods.put(makePod('j-worker-0', 'a', 'j', 'Succeeded'));
    view.pods.remove('default/j-worker-1');
    expect(gpusOf(snapshot.at(NOW))).toEqual({ a: [2, 0] });
  });

  it('counts processors and memory of every pod on a node, and of workers what their pods really ask for', () => {
    const view = new View();
    const allocatable = { 'nvidia.com/gpu': '8', cpu: '16', memory: '64Gi', pods: '110' };
    view.nodes.put({ ...makeNode('a'), status: { allocatable } });
    view.jobs.put(makeJob('j', 1, placed('a')));
    const withCpu = (pod: PodObject, cpu: string, more: object = {}): PodObject => ({
      ...pod,
      spec: {
        ...pod.spec,
        containers: [
          { name: 'c', resources: { requests: { cpu, memory: '1536Mi', 'nvidia.com/gpu': '2' } } },
        ],
        ...more,
      },
    });
    const snapshot = view.snapshot();
    const used = () => {
      const [only] = snapshot.at(NOW).pool.nodes;
      const { cpu, memory, pods } = only?.resources ?? {};
      return [only?.gpus[0]?.used, cpu?.used, (memory?.used ?? 0) / 2 ** 20, pods?.used];
    };
    expect(used()).toEqual([2, 2000, 1536, 1]);
    view.pods.put(withCpu(makePod('j-worker-0', 'a', 'j'), '2'));
    expect(used()).toEqual([2, 2000, 1536, 1]);
    // An overhead that came with its runtime class.
    view.pods.put(withCpu(makePod('j-worker-0', 'a', 'j'), '2', { overhead: { cpu: '250m' } }));
    expect(used()).toEqual([2, 2250, 1536, 1]);
    view.pods.put({
      metadata: { name: 'agent', namespace: 'kube-system' },
      spec: { nodeName: 'a', containers: [{ name: 'c', resources: { requests: { cpu: '500m' } } }] },
    });
    expect(used()).toEqual([2, 2750, 1536, 2]);
    view.pods.remove('kube-system/agent');
    view.pods.remove('default/j-worker-0');
    expect(used()).toEqual([2, 2000, 1536, 1]);
  });

  it('counts GPUs as they were admitted, whatever the spec says by now', () => {
    const view = new View();
    view.nodes.put(makeNode('a'));
    const status = placed('a', 'a');
    const admitted = {
      ...status,
      placement: { ...status.placement!, gpusPerWorker: 4, queueName: 'admitted' },
    };
    view.jobs.put(makeJob('j', 1, admitted));
    const snapshot = view.snapshot();
    const usage = () => [...snapshot.at(NOW).running.usage()].filter(({ gpus }) => gpus > 0);
    expect(usage()).toEqual([{ queue: 'admitted', flavor: 'H100', gpus: 8 }]);
    expect(gpusOf(snapshot.at(NOW))).toEqual({ a: [8, 0] });
    view.jobs.put(makeJob('j', 3, admitted));
    expect(usage()).toEqual([{ queue: 'admitted', flavor: 'H100', gpus: 8 }]);
  });

  it('counts pods on the quota of their queue until they end, whatever became of their job', () => {
    const view = new View();
    view.nodes.put(makeNode('a'));
    const queue = { apiVersion: API_VERSION, kind: 'GpuQueue', metadata: { name: 'q' } };
    const quotas = [{ flavor: 'H100', nominal: 2 }];
    view.queues.put({ ...queue, spec: { quotas, weight: 1, stopPolicy: 'none' } });
    const job = makeJob('j', 1, placed('a'));
    view.jobs.put(job);
    const pod = makePod('j-worker-0', 'a', 'j');
    view.pods.put({ ...pod, metadata: { ...pod.metadata, annotations: { [QUEUE_ANNOTATION]: 'q' } } });
    const snapshot = view.snapshot();
    const leftover = () => [...(snapshot.at(NOW).leftover ?? [])];
    expect(leftover()).toEqual([]);
    // Another controller has it now: nobody knows when its pods end.
    view.jobs.put({ ...job, spec: { ...job.spec, managedBy: 'other' } });
    expect(leftover()).toEqual([{ queue: 'q', flavor: 'H100', gpus: 2, isLeaving: false }]);
    view.jobs.remove('default/j');
    view.pods.put({ ...view.pods.get('default/j-worker-0')! });
    expect(leftover()).toEqual([{ queue: 'q', flavor: 'H100', gpus: 2, isLeaving: true }]);
    view.pods.remove('default/j-worker-0');
    expect(leftover()).toEqual([]);
  });

  it('takes no pod for a worker, or for one that leaves, because of labels that anybody may write', () => {
    const view = new View();
    view.nodes.put(makeNode('a'));
    const job = makeJob('j', 1, placed('a'));
    view.jobs.put(job);
    const snapshot = view.snapshot();
    const labelled = (pod: PodObject): PodObject => ({
      ...pod,
      metadata: {
        ...pod.metadata,
        labels: { [JOB_LABEL]: 'j', [WORKER_INDEX_LABEL]: '0' },
        annotations: { [QUEUE_ANNOTATION]: 'q' },
      },
    });
    view.pods.put(labelled(makePod('x', 'a')));
    expect(gpusOf(snapshot.at(NOW))).toEqual({ a: [4, 0] });
    expect([...(snapshot.at(NOW).leftover ?? [])]).toEqual([]);
    // The job is over: its own pods end now, that one does not.
    view.jobs.put(makeJob('j', 1, { conditions: [condition('Complete')] }));
    view.pods.put(makePod('j-worker-0', 'a', 'j'));
    expect(gpusOf(snapshot.at(NOW))).toEqual({ a: [4, 2] });
  });

  it('hides no GPUs of a pod behind a placement, except those of the worker of that name', () => {
    const view = new View();
    view.nodes.put(makeNode('a'));
    view.jobs.put(makeJob('j', 1, placed('a')));
    const snapshot = view.snapshot();
    view.pods.put(makePod('j-worker-0', 'a', 'j'));
    view.pods.put(makePod('j-worker-00', 'a', 'j'));
    view.pods.put(makePod('other', 'a', 'j'));
    expect(gpusOf(snapshot.at(NOW))).toEqual({ a: [6, 4] });
    // An earlier job of this name had the same names of workers.
    const old = makePod('j-worker-0', 'a', 'j');
    view.pods.put({ ...old, metadata: { ...old.metadata, ownerReferences: [ownedBy('j', 'earlier')] } });
    expect(gpusOf(snapshot.at(NOW))).toEqual({ a: [8, 6] });
  });

  it('counts no pod on the quota of a queue that does not admit its namespace', () => {
    const view = new View();
    view.nodes.put(makeNode('a'));
    const queue = { apiVersion: API_VERSION, kind: 'GpuQueue', metadata: { name: 'q' } };
    const quotas = [{ flavor: 'H100', nominal: 2 }];
    view.queues.put({ ...queue, spec: { quotas, weight: 1, stopPolicy: 'none', namespaces: ['team'] } });
    const pod = makePod('x', 'a', 'none');
    view.pods.put({ ...pod, metadata: { ...pod.metadata, annotations: { [QUEUE_ANNOTATION]: 'q' } } });
    expect([...(view.snapshot().at(NOW).leftover ?? [])]).toEqual([]);
  });

  it('takes a decided admission for a fact until it is forgotten', () => {
    const view = new View();
    view.nodes.put(makeNode('a'));
    view.jobs.put(makeJob('j'));
    const snapshot = view.snapshot();
    expect([...snapshot.at(NOW).pending.keys()]).toEqual(['q']);
    const admission = { key: 'default/j', flavor: 'H100', resource: 'nvidia.com/gpu', nodes: ['a'] };
    view.undone.set('default/j', { ...NOTHING, admission });
    snapshot.touch('default/j');
    expect(snapshot.at(NOW).pending.size).toBe(0);
    expect(snapshot.at(NOW).running.get('default/j')).toMatchObject({ nodes: ['a'], startedAt: NOW });
    expect(gpusOf(snapshot.at(NOW))).toEqual({ a: [2, 0] });
    view.undone.delete('default/j');
    snapshot.touch('default/j');
    expect([...snapshot.at(NOW).pending.keys()]).toEqual(['q']);
    expect(gpusOf(snapshot.at(NOW))).toEqual({ a: [0, 0] });
  });

  it('lets a job that backs off come back when its time has come, without any change', () => {
    const view = new View();
    view.jobs.put(makeJob('j', 1, { requeueAt: at(NOW + 1000) }));
    const snapshot = view.snapshot();
    const held = (now: number) => snapshot.at(now).pending.get('q')?.[0]?.held?.reason;
    expect(held(NOW)).toBe('BackingOff');
    expect(held(NOW + 999)).toBe('BackingOff');
    expect(held(NOW + 1000)).toBeUndefined();
  });

  const NODES = ['a', 'b', 'c'];
  const name = fc.constantFrom(...NODES);
  const job = fc.constantFrom('j', 'k', 'l');
  const change = fc.oneof(
    fc.record({ what: fc.constant('waits' as const), job, generation: fc.integer({ min: 1, max: 3 }) }),
    fc.record({
      what: fc.constant('runs' as const),
      job,
      generation: fc.integer({ min: 1, max: 3 }),
      nodes: fc.array(name, { minLength: 1, maxLength: 4 }),
    }),
    fc.record({ what: fc.constantFrom('over' as const, 'gone' as const, 'checkpoints' as const), job }),
    fc.record({
      what: fc.constant('pod' as const),
      job: fc.option(job, { nil: undefined }),
      index: fc.integer({ min: 0, max: 3 }),
      node: name,
      phase: fc.constantFrom('Running', 'Succeeded'),
    }),
    fc.record({ what: fc.constant('pod gone' as const), job, index: fc.integer({ min: 0, max: 3 }) }),
    fc.record({ what: fc.constant('node' as const), node: name, gpus: fc.constantFrom(0, 4, 8) }),
    fc.record({ what: fc.constant('node gone' as const), node: name }),
    fc.record({ what: fc.constant('decided' as const), job, nodes: fc.option(fc.array(name)) }),
    fc.constant({ what: 'look' as const }),
  );

  it('is what a new one makes of the same objects, after any changes', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        const view = new View();
        const live = view.snapshot();
        for (const step of changes) {
          switch (step.what) {
            case 'waits':
              view.jobs.put(makeJob(step.job, step.generation));
              break;
            case 'runs':
              view.jobs.put(makeJob(step.job, step.generation, placed(...step.nodes)));
              break;
            case 'over':
              view.jobs.put(makeJob(step.job, 1, { conditions: [condition('Complete')] }));
              break;
            case 'checkpoints': {
              const status = placed('a');
              const conditions = [...(status.conditions ?? []), condition('Checkpointing')];
              view.jobs.put(makeJob(step.job, 1, { ...status, conditions }));
              break;
            }
            case 'gone':
              view.jobs.remove(`default/${step.job}`);
              break;
            case 'pod': {
              const { job: owner, index, node, phase } = step;
              view.pods.put(makePod(`${owner ?? 'foreign'}-worker-${index}`, node, owner, phase));
              break;
            }
            case 'pod gone':
              view.pods.remove(`default/${step.job}-worker-${step.index}`);
              break;
            case 'node':
              view.nodes.put(makeNode(step.node, step.gpus));
              break;
            case 'node gone':
              view.nodes.remove(step.node);
              break;
            case 'decided': {
              const key = `default/${step.job}`;
              const { nodes } = step;
              const admission =
                nodes === null ? undefined : { key, flavor: 'H100', resource: 'nvidia.com/gpu', nodes };
              view.undone.set(key, { ...NOTHING, admission, isEvicted: nodes?.length === 0 });
              live.touch(key);
              break;
            }
            case 'look':
              live.at(NOW);
          }
        }
        expect(contents(live.at(NOW))).toEqual(contents(view.snapshot().at(NOW)));
      }),
      { numRuns: 500 },
    );
  });
});
