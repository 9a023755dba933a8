import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FineTuneJob, GpuQueue } from '../api/index.js';
import { Cache, Reflector } from '../kube/index.js';
import type { KubeObject } from '../kube/index.js';
import { HubModels } from '../models/index.js';
import { withDefaultQueue } from './default-queue.js';
import { LiveSnapshot } from './live-snapshot.js';
import { rfc3339 } from './next-status.js';
import { POD_INDEXERS } from './caches.js';
import { PinnedModels } from './pinned-model.js';
import { createResolver } from './resolve-cached.js';
import { queueProblem, soundJob, soundQueue, withSoundSpec } from './stored-object.js';

const NOTHING = { admission: undefined, resize: undefined, isEvicted: false };
const job = (name: string, more: object = {}, status?: unknown) =>
  ({
    metadata: { name, namespace: 'default', uid: name, generation: 1, resourceVersion: '1' },
    spec: {
      queueName: 'team',
      priority: 0,
      managedBy: 'tuneyard.dev/controller',
      suspend: false,
      model: { source: 'hf://org/name' },
      dataset: { sources: [{ uri: 'file:///data/a.jsonl' }] },
      output: { uri: 'file:///out' },
      ...more,
    },
    ...(status === undefined ? {} : { status }),
  }) as unknown as FineTuneJob;

/** What the scheduler sees of these jobs. */
function pendingOf(jobs: readonly FineTuneJob[]) {
  const faults: string[] = [];
  const cache = new Cache<FineTuneJob>();
  for (const each of jobs) cache.put(soundJob(each));
  const models = new PinnedModels(new HubModels({ endpoint: 'http://127.0.0.1:9', now: () => 0 }));
  const snapshot = new LiveSnapshot(
    {
      jobs: cache,
      queues: new Cache(),
      nodes: new Cache(),
      pods: new Cache(POD_INDEXERS),
      namespaces: new Cache(),
    },
    () => NOTHING,
    createResolver({ allowPrivileged: false }, models),
    undefined,
    (key) => faults.push(key),
  );
  const { pending, running } = snapshot.at(0);
  const held = new Map(
    [...pending.values()].flatMap((each) =>
      [...(Symbol.iterator in each ? each : [each])].map(({ key, held }) => [key, held] as const),
    ),
  );
  snapshot.close();
  return { held, running, faults };
}

describe('a job that names no queue', () => {
  it('is in the queue that was chosen for it', () => {
    const nameless = job('nameless', { queueName: '' }, { queueName: 'chosen' });
    expect(soundJob(nameless).spec.queueName).toBe('chosen');
    expect(withSoundSpec(nameless).spec.queueName).toBe('chosen');
    expect(soundJob(job('named', {}, { queueName: 'old' })).spec.queueName).toBe('team');
  });

  it('gets the default of its namespace', () => {
    const namespaces = new Cache<KubeObject>();
    const nameless = job('nameless', { queueName: '' });
    expect(withDefaultQueue(nameless, namespaces)).toBe(nameless);
    namespaces.put({
      metadata: { name: 'default', labels: { 'tuneyard.dev/default-queue': 'shared' } },
    });
    expect(withDefaultQueue(nameless, namespaces).spec.queueName).toBe('shared');
    expect(withDefaultQueue(job('named'), namespaces).spec.queueName).toBe('team');
  });
});

describe('a job that cannot be read', () => {
  it.each([
    ['an address that is not encoded', { model: { source: 'hf://org/name@%' } }, /holds a %/],
    ['no model', { model: null }, /spec\.model/],
    ['numbers for names', { queueName: 7, template: 3, podTemplate: 'x' }, /./],
    ['no dataset', { dataset: undefined }, /spec\.dataset/],
    ['workers of an older form', { workers: 'four' }, /spec\.workers/],
  ])('with %s waits as InvalidSpec, and the others go on', (_, more, message) => {
    const { held, faults } = pendingOf([job('poison', more), job('honest')]);
    expect(faults).toEqual([]);
    expect(held.get('default/honest')).toBeUndefined();
    expect(held.has('default/honest')).toBe(true);
    expect(held.get('default/poison')).toMatchObject({
      reason: 'InvalidSpec',
      message: expect.stringMatching(message) as string,
    });
  });

  it('holds nobody up, whatever its spec and status are', () => {
    const nonsense = fc.anything({ maxDepth: 2 }).map((value) => {
      try {
        return JSON.parse(JSON.stringify(value) ?? 'null') as unknown;
      } catch {
        return null;
      }
    });
    const fields = [
      'conditions',
      'placement',
      'progress',
      'requeueAt',
      'resolved',
      'microBatchSize',
      'queue',
    ];
    const status = fc.oneof(
      nonsense,
      fc.record(Object.fromEntries(fields.map((field) => [field, nonsense])), { requiredKeys: [] }),
    );
    const spec = fc.record(
      { queueName: nonsense, priority: nonsense, model: nonsense, workers: nonsense, template: nonsense },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(spec, status, (more, written) => {
        const { held } = pendingOf([job('poison', more, written), job('honest')]);
        expect(held.has('default/honest')).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('soundJob', () => {
  const time = '2026-05-01T12:00:00Z';
  const admitted = {
    type: 'Admitted',
    status: 'True',
    reason: 'Admitted',
    message: '',
    lastTransitionTime: time,
  };
  const placement = { flavor: 'H100', resource: 'nvidia.com/gpu', nodes: ['a'], time };

  it('is the same object when nothing is to be left out, even with words of another version', () => {
    const sound = job('a', {}, { conditions: [{ ...admitted, reason: 'NewWord' }], placement, later: 1 });
    expect(soundJob(sound)).toBe(sound);
  });

  it.each([
    ['a time that is none', { requeueAt: 'tomorrow' }, {}],
    ['figures that are texts', { attempt: 'two', restarts: 1 }, { restarts: 1 }],
    ['a placement without nodes', { placement: { ...placement, nodes: 'a' }, attempt: 2 }, { attempt: 2 }],
    ['a placement of no time', { placement: { ...placement, time: '?' } }, {}],
    ['one condition of several', { conditions: [{ type: 1 }, admitted] }, { conditions: [admitted] }],
    ['conditions that are no list', { conditions: { a: 1 } }, {}],
    ['half of what was resolved', { resolved: { model: 3, reasons: [] } }, { resolved: { reasons: [] } }],
    ['a status that is a text', 'done', undefined],
  ])('leaves out %s, and nothing else', (_, status, left) => {
    expect(soundJob(job('a', {}, status)).status).toEqual(left);
  });
});

describe('soundQueue', () => {
  const queue = (spec: unknown) => ({ metadata: { name: 'team' }, spec }) as unknown as GpuQueue;

  it('holds a queue whose spec cannot be read, and says why', () => {
    const quotas = [{ flavor: 'H100', nominal: 4 }];
    const held = soundQueue(queue({ quotas, weight: 'much', stopPolicy: 'none' }));
    expect(held.spec).toEqual({ quotas, weight: 1, stopPolicy: 'hold' });
    expect(queueProblem(held)).toBe('spec.weight has not the form that this version reads');
    expect(soundQueue(queue(null)).spec.quotas).toEqual([]);
    const sound = queue({ quotas, weight: 1, stopPolicy: 'none' });
    expect(soundQueue(sound)).toBe(sound);
  });
});

describe('a cache', () => {
  it('tells every listener, whatever one of them or an indexer does with an object', async () => {
    const faults: string[] = [];
    const heard: string[] = [];
    const named = (name: string) => ({ metadata: { name, resourceVersion: '1' } }) as KubeObject;
    const reflector = new Reflector<KubeObject>(
      {
        list: () =>
          Promise.resolve({
            metadata: { resourceVersion: '1' },
            items: [named('bad'), named('good')] as never[],
          }),
        watch: () => new Promise(() => undefined),
      },
      { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: false },
      {
        indexers: {
          name: ({ metadata }) => (metadata.name === 'bad' ? [decodeURIComponent('%')] : [metadata.name]),
        },
        onFault: (key) => faults.push(key),
      },
    );
    reflector.cache.subscribe(({ key }) => {
      if (key === 'bad') throw new Error('cannot be taken');
    });
    reflector.cache.subscribe(({ key }) => heard.push(key));
    reflector.start();
    await reflector.synced();
    expect(heard).toEqual(['bad', 'good']);
    expect(faults).toEqual(['bad', 'bad']);
    expect(reflector.cache.byIndex('name', 'good')).toHaveLength(1);
  });
});

describe('rfc3339', () => {
  it('writes every number as a time', () => {
    expect(rfc3339(Number.NaN)).toBe('1970-01-01T00:00:00Z');
    expect(rfc3339(Number.POSITIVE_INFINITY)).toBe('9999-12-31T23:59:59Z');
    expect(rfc3339(-1e300)).toBe('1970-01-01T00:00:00Z');
  });
});
