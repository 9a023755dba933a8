import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FineTuneJob } from '../../api/index.js';
import { displayWidth } from '@tuneyard/proto/display';
import { changeLine } from './change-line.js';
import type { JobEvent } from './job-event.js';
import { jobScreen, type JobScreenInput } from './job-screen.js';

const NOW = Date.parse('2026-01-01T01:00:00Z');
const job = {
  apiVersion: 'tuneyard.dev/v1alpha1',
  kind: 'FineTuneJob',
  metadata: { name: 'contracts', namespace: 'legal' },
  spec: { queueName: 'team', model: { source: 'hf://org/model' } },
  status: {
    phase: 'Training',
    conditions: [
      {
        type: 'Admitted',
        status: 'True',
        reason: 'Admitted',
        message: 'on gpu-0',
        lastTransitionTime: '2026-01-01T00:50:00Z',
      },
    ],
    resolved: { method: { type: 'lora' } },
    placement: { flavor: 'H100', resource: 'nvidia.com/gpu', nodes: [], time: '2026-01-01T00:50:00Z' },
    workers: { desired: 4, ready: 3, generation: 7 },
    progress: {
      step: 30,
      totalSteps: 120,
      epoch: 0.75,
      trainLoss: 1.5,
      tokensPerSecond: 912.4,
      estimatedCompletionTime: '2026-01-01T01:02:05Z',
    },
    checkpoint: { step: 20, time: '2026-01-01T00:59:00Z', uri: 'file:///x' },
    startTime: '2026-01-01T00:50:00Z',
    evictions: 1,
  },
} as unknown as FineTuneJob;
const event = (minute: number, type: string, message: string) =>
  ({
    metadata: { name: message },
    type,
    reason: 'Reason',
    message,
    lastTimestamp: `2026-01-01T00:${minute}:00Z`,
  }) as JobEvent;

const input: JobScreenInput = {
  job,
  history: {
    losses: Array.from({ length: 30 }, (_, step) => ({ step: step + 1, loss: 3 - step / 20 })),
    stepsPerSecond: 0.25,
  },
  events: [event(51, 'Normal', 'begins'), event(58, 'Warning', 'a worker is lost')],
  now: NOW,
};

describe('jobScreen', () => {
  it('tells where the job is, how fast it goes and what happened', () => {
    const lines = jobScreen(input, { columns: 100, rows: 30 });
    expect(lines.slice(0, 4)).toEqual(
      [
        'legal/contracts   Training   lora on H100   queue team   hf://org/model',
        '████████░░░░░░░░░░░░░░░░░░░░░░   step 30/120   25 %   epoch 0.75   ETA 2 m 05 s',
        'loss 1.5000   0.25 steps/s   912 tokens/s',
        'workers 3 of 4   generation 7   checkpoint step 20, 1 m 00 s ago   evictions 1   since start 10 m 00 s',
      ].map((line) => (line.length > 100 ? `${line.slice(0, 99)}…` : line)),
    );
    expect(lines.join('\n')).toMatch(/3\.00 ┤.*\n/);
    expect(lines.slice(-4)).toEqual([
      '✓ Admitted       Admitted           10 m 00 s ago  on gpu-0',
      '',
      '! 2 m 00 s   Reason: a worker is lost',
      '  9 m 00 s   Reason: begins',
    ]);
  });

  it('says why a job waits and how it ended', () => {
    const queue = { position: 3, ahead: 2, reason: 'ExceedsQuota', message: 'team has 0 of 4 H100 left' };
    const waiting = { ...job, status: { phase: 'Queued', queue, conditions: [] } } as unknown as FineTuneJob;
    expect(jobScreen({ ...input, job: waiting }, { columns: 80, rows: 24 }).slice(1, 3)).toEqual([
      'waits at position 3, 2 before it: ExceedsQuota',
      '  team has 0 of 4 H100 left',
    ]);
    const conditions = [
      {
        type: 'Failed',
        status: 'True',
        reason: 'Diverged',
        message: 'the loss is NaN',
        lastTransitionTime: '2026-01-01T00:59:00Z',
      },
    ];
    const failed = {
      ...job,
      status: { ...job.status, conditions, completionTime: '2026-01-01T00:59:00Z' },
    } as unknown as FineTuneJob;
    const lines = jobScreen(
      { ...input, job: failed, trouble: 'the server is gone' },
      { columns: 90, rows: 30 },
    );
    expect(lines).toContain('failed: the loss is NaN (Diverged)');
    expect(lines).toContain('! the server is gone');
    expect(lines.join('\n')).not.toContain('ETA');
  });

  it('keeps to any size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 60 }), (columns, rows) => {
        const lines = jobScreen(input, { columns, rows });
        expect(lines.length).toBeLessThanOrEqual(rows);
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
      }),
    );
  });
});

describe('changeLine', () => {
  it('holds what changes and nothing that time changes', () => {
    expect(changeLine(job)).toBe(
      'legal/contracts  Training  workers 3/4  generation 7  step 30/120  loss 1.5000  checkpoint 20',
    );
  });
});
