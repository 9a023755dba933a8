import { expect, test } from 'vitest';
import type { FineTuneJob } from '../api/index.js';
import { explainJob } from './explain-job.js';

const job = (status: FineTuneJob['status']): FineTuneJob =>
  ({ metadata: { name: 'letters', namespace: 'legal' }, spec: { queueName: 'team' }, status }) as FineTuneJob;

test('a waiting job: why, its place, what would fit, and when', () => {
  const queue = {
    position: 3,
    ahead: 2,
    reason: 'WaitingForQuota',
    message: 'needs 4 H100 (4 workers of 1), but queue team may use 1 more; 3 short',
    largestGangThatFits: 1,
    estimatedStartTime: '2026-01-01T10:00:00Z',
  } as const;
  expect(explainJob(job({ phase: 'Queued', queue }))).toEqual([
    'legal/letters in queue team: Queued',
    '  why: needs 4 H100 (4 workers of 1), but queue team may use 1 more; 3 short (WaitingForQuota)',
    '  place: 3, with 2 before it',
    '  would fit now: 1 worker',
    '  may start: 2026-01-01T10:00:00Z',
  ]);
});

test('a running job, and one that nobody has looked at', () => {
  const running = job({
    phase: 'Training',
    workers: { desired: 4, ready: 3 },
    progress: { step: 7, totalSteps: 20, estimatedCompletionTime: '2026-01-01T11:00:00Z' },
    checkpoint: { step: 5, time: '2026-01-01T09:00:00Z', uri: 'file:///c' },
  });
  expect(explainJob(running).join('\n')).toContain(
    '3 of 4 train\n  step: 7 of 20\n  may end: 2026-01-01T11:00:00Z',
  );
  expect(explainJob(running).at(-1)).toBe('  newest checkpoint: step 5, 2026-01-01T09:00:00Z');
  expect(explainJob(job(undefined)).join()).toContain('has not looked at it yet');
});

test('a job that cannot be admitted has no place, whatever waits before it', () => {
  const queue = {
    reason: 'NamespaceNotAllowed',
    message: 'queue sales does not admit jobs of namespace legal',
    largestGangThatFits: 0,
  } as const;
  const lines = explainJob(job({ phase: 'Unschedulable', queue }));
  expect(lines[1]).toBe('  why: queue sales does not admit jobs of namespace legal (NamespaceNotAllowed)');
  expect(lines.join()).toMatch(/place: none/);
  expect(lines.join()).not.toMatch(/may start|would fit/);
});

test('an elastic job: between how many workers, and when it may have more', () => {
  const running = {
    ...job({
      phase: 'Training',
      workers: { desired: 2, ready: 2 },
      placement: {
        flavor: 'H100',
        resource: 'nvidia.com/gpu',
        nodes: ['a', 'b'],
        time: '2026-01-01T10:00:00Z',
        growsFrom: '2026-01-01T10:01:00Z',
      },
      resumedFrom: {
        step: 664,
        uri: 'file:///c',
        time: '2026-01-01T10:00:00Z',
        job: 'legal/old',
        uid: 'u-1',
      },
    }),
    spec: { queueName: 'team', workers: { min: 2, max: 4 } },
  } as FineTuneJob;
  const at = (time: string) => explainJob(running, Date.parse(time));
  expect(at('2026-01-01T10:00:30Z').slice(1)).toEqual([
    '  workers: 2 of 2 train on H100, of 2..4 (min..max)',
    '  may grow: to 4 workers, as GPUs of H100 are idle and quota allows, but not before 2026-01-01T10:01:00Z: the controller waits after each change of the number of workers (--resize-cooldown)',
    '  went on from: step 664, file:///c of job legal/old (uid u-1)',
  ]);
  expect(at('2026-01-01T10:02:00Z')[2]).toBe(
    '  may grow: to 4 workers, as GPUs of H100 are idle and quota allows',
  );
});

test('a job of which nothing is heard: an end that has passed is none', () => {
  const progress = { step: 7, totalSteps: 20, estimatedCompletionTime: '2026-01-01T11:00:00Z' };
  const silent = job({ phase: 'Training', workers: { desired: 2, ready: 0 }, progress });
  expect(explainJob(silent, Date.parse('2026-01-01T12:00:00Z')).at(-1)).toBe(
    '  may end: 2026-01-01T11:00:00Z, which has passed: no step has been reported since step 7',
  );
});
