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
