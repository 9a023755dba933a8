import { describe, expect, it } from 'vitest';
import type { Clock, KubeClient } from '../kube/index.js';
import type { PodObject } from '../pool/index.js';
import { rfc3339 } from './next-status.js';
import type { EventObject } from './pod-warning.js';
import { startupWarning } from './pod-warning.js';
import { PodWarnings } from './pod-warnings.js';

const START = Date.parse('2026-05-01T12:00:00Z');

class Hand implements Clock {
  at = START;
  now = () => this.at;
  monotonic = () => this.at;
  after = () => () => undefined;
}

const pod = (uid: string, more: Partial<PodObject> = {}): PodObject => ({
  metadata: { name: uid, namespace: 'team', uid, creationTimestamp: rfc3339(START) },
  spec: { nodeName: 'n', containers: [] },
  status: { phase: 'Pending' },
  ...more,
});

const event = (message: string, secondsLater = 0, more: Partial<EventObject> = {}): EventObject => ({
  metadata: { name: 'e' },
  type: 'Warning',
  reason: 'FailedMount',
  message,
  lastTimestamp: rfc3339(START + secondsLater * 1000),
  ...more,
});

function rig(answer: () => Promise<EventObject[]>) {
  const clock = new Hand();
  const asked: string[] = [];
  const troubles: unknown[] = [];
  const list = (_: unknown, { namespace, fieldSelector, limit }: Record<string, unknown>) => {
    asked.push(`${String(namespace)} ${String(fieldSelector)} ${String(limit)}`);
    return answer().then((items) => ({ metadata: { resourceVersion: '1' }, items }));
  };
  const warnings = new PodWarnings({
    client: { list } as unknown as Pick<KubeClient, 'list'>,
    clock,
    onTrouble: (error) => troubles.push(error),
  });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { clock, asked, troubles, warnings, settled };
}

describe('warnings about pods that do not start', () => {
  it('are asked for once a pod has waited in silence, then ever more seldom', async () => {
    const { clock, asked, warnings, settled } = rig(() => Promise.resolve([event('no volume')]));
    const looks: number[] = [];
    for (clock.at = START; clock.at <= START + 300_000; clock.at += 1000) {
      const before = asked.length;
      warnings.of('job', [pod('a')]);
      if (asked.length > before) looks.push((clock.at - START) / 1000);
      await settled();
    }
    expect(looks).toEqual([5, 20, 50, 110, 170, 230, 290]);
    expect(asked[0]).toBe('team involvedObject.uid=a,type=Warning 50');
    expect(warnings.of('job', [pod('a')]).get('a')).toEqual({ reason: 'FailedMount', message: 'no volume' });
  });

  it('are not asked for pods that run, have no node, are going or were just made', () => {
    const { clock, asked, warnings } = rig(() => Promise.resolve([]));
    clock.at = START + 60_000;
    const { metadata } = pod('a');
    warnings.of('job', [
      pod('a', { status: { phase: 'Running' } }),
      pod('b', { spec: { containers: [] } }),
      pod('c', { metadata: { ...metadata, deletionTimestamp: rfc3339(START) } }),
      pod('d', { metadata: { ...metadata, creationTimestamp: rfc3339(clock.at) } }),
    ]);
    expect(asked).toEqual([]);
  });

  it('are asked for a few workers of a job at a time, and for a few jobs', async () => {
    const { clock, asked, warnings, settled } = rig(() => Promise.resolve([]));
    clock.at = START + 60_000;
    const gang = Array.from({ length: 64 }, (_, index) => pod(`w${index}`));
    warnings.of('job', gang);
    expect(asked).toHaveLength(4);
    await settled();
    warnings.of('job', gang);
    expect(new Set(asked).size).toBe(8);
    for (let job = 0; job < 100; job++) warnings.of(`job-${job}`, [pod(`p${job}`)]);
    expect(asked).toHaveLength(10);
  });

  it('leave the job as it is when they cannot be read', async () => {
    const { clock, troubles, warnings, settled } = rig(() => Promise.reject(new Error('forbidden')));
    clock.at = START + 60_000;
    expect(warnings.of('job', [pod('a')]).size).toBe(0);
    await settled();
    expect(warnings.of('job', [pod('a')]).size).toBe(0);
    expect(troubles).toHaveLength(1);
  });

  it('are forgotten with the pod', async () => {
    const { clock, asked, warnings, settled } = rig(() => Promise.resolve([event('no volume')]));
    clock.at = START + 60_000;
    warnings.of('job', [pod('a')]);
    await settled();
    warnings.of('job', []);
    expect(warnings.of('job', [pod('a')]).size).toBe(0);
    expect(asked).toHaveLength(2);
  });
});

describe('what events say about a pod that does not start', () => {
  it('is the newest warning that names a cause', () => {
    const events = [
      event('old', 1),
      event('MountVolume.SetUp failed', 5),
      event('Unable to attach or mount volumes: unmounted volumes=[v]', 9),
      event('0/2 nodes are available', 7, { reason: 'FailedScheduling' }),
      event('pulled', 8, { type: 'Normal' }),
    ];
    expect(startupWarning(events)?.message).toBe('MountVolume.SetUp failed');
    expect(startupWarning(events.slice(2))?.message).toContain('Unable to attach');
    expect(startupWarning(events.slice(3))).toBeUndefined();
  });

  it('is found in events of either form, whatever times they leave out', () => {
    const series = {
      lastTimestamp: null,
      eventTime: null,
      series: { lastObservedTime: rfc3339(START + 9000) },
    };
    expect(startupWarning([event('core', 5), event('series', 0, series)])?.message).toBe('series');
    expect(startupWarning([{ metadata: { name: 'e' }, type: 'Warning', reason: 'X' }])).toEqual({
      reason: 'X',
      message: '',
    });
  });
});
