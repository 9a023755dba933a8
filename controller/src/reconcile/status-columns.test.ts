import { describe, expect, it } from 'vitest';
import { decide } from './decide.js';
import { differsInFiguresAlone } from './figures.js';

import { nextStatus, rfc3339 } from './next-status.js';
import { shortDuration } from './status-columns.js';
import { admitted, exited, facts, makeJob, NOW, podsOf, PROGRESS, training } from './test-facts.js';
import { transitionEvents } from './transition-events.js';

const progress = {
  ...PROGRESS,
  step: 664,
  totalSteps: 1000,
  trainLoss: 0.00462674,
  estimatedSecondsLeft: 720,
};
const running = () => {
  const job = admitted();
  return makeJob({}, decide(facts(job, { pods: podsOf(job), training: training({ progress }) })).status);
};

describe('what kubectl get shows of a job', () => {
  it('is rounded, with the GPUs that it holds and the time left', () => {
    expect(running().status?.columns).toEqual({
      gpus: '8',
      flavor: 'H100',
      step: '664/1000',
      loss: '0.004627',
      left: '12m',
    });
  });

  it('changes with a step, and not with the clock', () => {
    const job = running();
    const later = decide(
      facts(job, { pods: podsOf(job), training: training({ progress }), now: NOW + 300_000 }),
    ).status;
    expect(later.columns).toEqual(job.status?.columns);
    const next = { ...progress, step: 665, estimatedSecondsLeft: 300 };
    const { status } = decide(facts(job, { pods: podsOf(job), training: training({ progress: next }) }));
    expect(status.columns).toMatchObject({ step: '665/1000', left: '5m' });
    expect(differsInFiguresAlone(job.status!, status)).toBe(true);
  });

  it('says why a job failed, and no longer what it held or when it ends', () => {
    const job = running();
    const pods = podsOf(job, exited(2, 'Error', 'no such column'));
    const { columns } = decide(facts(job, { pods, training: training({ progress }) })).status;
    expect(columns).toEqual({
      step: '664/1000',
      loss: '0.004627',
      message: expect.stringContaining('no such column'),
    });
  });

  it('says why a job waits, and which workers are missing', () => {
    const waiting = {
      key: 'default/j',
      position: 1,
      ahead: 0,
      reason: 'WaitingForQuota' as const,
      message: 'needs 8 H100',
      largestGangThatFits: 0,
      estimatedStart: undefined,
    };
    expect(decide(facts(makeJob(), { waiting })).status.columns).toEqual({ message: 'needs 8 H100' });
    expect(admitted().status?.columns).toMatchObject({
      missing: '0 of 2 workers are ready',
      message: '0 of 2 workers are ready',
    });
  });

  it.each([
    [-5, '0s'],
    [45, '45s'],
    [720, '12m'],
    [3 * 3600 + 20 * 60, '3h20m'],
    [52 * 3600, '2d4h'],
  ])('%d seconds are %s', (seconds, text) => expect(shortDuration(seconds)).toBe(text));
});

describe('events of a job', () => {
  it('says with how many workers it trains, on what and from which step', () => {
    const job = admitted({ workers: { min: 2, max: 2, gpusPerWorker: 4 } });
    const { status } = decide(facts(job, { pods: podsOf(job), training: training() }));
    expect(transitionEvents(job.status, status)).toEqual([
      { type: 'Normal', reason: 'Training', message: '2 workers train on 8 H100 from step 0' },
    ]);
    const balanced = decide(
      facts(makeJob({}, status), { pods: podsOf(job), training: training({ generation: 7, progress }) }),
    ).status;
    expect(transitionEvents(status, balanced)).toEqual([]);
  });

  it('says once why a job was evicted', () => {
    const job = running();
    const eviction = { reason: 'Preempted', message: 'queue a needs its GPUs' } as const;
    const { status } = decide(facts(job, { training: training({ progress }), eviction }));
    expect(
      transitionEvents(job.status, status).filter(({ message }) => message === eviction.message),
    ).toEqual([{ type: 'Warning', reason: 'Evicted', message: eviction.message }]);
  });

  it.each([
    ['ExceedsQuota', 'Warning'],
    ['NamespaceNotAllowed', 'Warning'],
    ['QueueNotFound', 'Warning'],
    ['WaitingForQuota', 'Normal'],
  ])('is of its kind: %s is %s', (reason, type) => {
    const condition = {
      type: 'QuotaReserved',
      status: 'False',
      reason,
      message: 'm',
      lastTransitionTime: rfc3339(NOW),
    };
    expect(transitionEvents(undefined, { conditions: [condition as never] })).toEqual([
      { type, reason, message: 'm' },
    ]);
  });

  it('are absent when there is nothing to show, because an API server keeps no empty object', () => {
    const job = makeJob();
    expect('columns' in nextStatus(job, { columns: { gpus: '1' } }, [], 0)).toBe(false);
  });
});
