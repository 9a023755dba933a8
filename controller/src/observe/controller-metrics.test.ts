import { describe, expect, it } from 'vitest';
import type { FineTuneJob } from '../api/index.js';
import { API_VERSION, FINE_TUNE_JOB_KIND, parseFineTuneJobSpec } from '../api/index.js';
import { ControllerMetrics } from './controller-metrics.js';

const failedIn = (queueName: string): FineTuneJob => ({
  apiVersion: API_VERSION,
  kind: FINE_TUNE_JOB_KIND,
  metadata: { name: 'j', namespace: 'team' },
  spec: parseFineTuneJobSpec({
    queueName,
    model: { source: 'file:///m' },
    dataset: { sources: [{ uri: 'file:///d' }] },
    output: { uri: 'file:///o' },
  }),
  status: {
    conditions: [
      { type: 'Failed', status: 'True', reason: 'InvalidSpec', message: '', lastTransitionTime: '' },
    ],
  },
});

describe('ControllerMetrics', () => {
  it('has no series for queues that jobs name and that do not exist', async () => {
    const metrics = new ControllerMetrics();
    metrics.queueUsage('legal', [{ flavor: 'H100', nominal: 8, used: 2 }]);
    const waiting = ['legal', 'made-up-1', 'made-up-2'].map((queue, index) => {
      metrics.jobSeen(`team/${index}`, queue);
      metrics.status(failedIn(queue), undefined);
      metrics.workerExpelled(`team/${index}`, 'straggler');
      metrics.workerStraggles(`team/${index}`);
      return { key: `team/${index}`, reason: 'QueueNotFound' as const };
    });
    metrics.cycle({ seconds: { snapshot: 0, decide: 0 }, isPartial: false, waiting } as never);
    const text = await metrics.text();
    expect(text).toContain('tuneyard_pending_jobs{queue="legal",reason="QueueNotFound"} 1');
    expect(text).toContain('tuneyard_pending_jobs{queue="(no such queue)",reason="QueueNotFound"} 2');
    expect(text).toContain('tuneyard_jobs_finished_total{queue="(no such queue)",outcome="InvalidSpec"} 2');
    expect(text).not.toContain('made-up');
    metrics.queueRemoved('legal', ['H100']);
    metrics.workerStraggles('team/0');
    expect(await metrics.text()).toContain('tuneyard_stragglers_total{queue="(no such queue)"} 3');
  });
});
