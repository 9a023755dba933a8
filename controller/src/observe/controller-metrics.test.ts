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
    metrics.queueSeen('legal');
    for (const [index, queue] of ['legal', 'made-up-1', 'made-up-2'].entries()) {
      metrics.jobSeen(`team/${index}`, queue);
      metrics.status(failedIn(queue), undefined);
      metrics.workerExpelled(`team/${index}`, 'straggler');
      metrics.workerStraggles(`team/${index}`);
    }
    const waiting = [undefined, 'legal', undefined].map((queue) => ({
      queue,
      reason: queue === undefined ? ('QueueNotFound' as const) : ('WaitingForQuota' as const),
    }));
    const seconds = { snapshot: 0, decide: 0 };
    metrics.cycle({ seconds, isPartial: false, waiting, usage: () => [], pool: new Map() });
    const text = await metrics.text();
    expect(text).toContain('tuneyard_pending_jobs{queue="legal",reason="WaitingForQuota"} 1');
    expect(text).toContain('tuneyard_inadmissible_jobs{queue="(no such queue)",reason="QueueNotFound"} 2');
    expect(text).toContain('tuneyard_jobs_finished_total{queue="(no such queue)",outcome="InvalidSpec"} 2');
    expect(text).not.toContain('made-up');
    metrics.queueRemoved('legal');
    metrics.workerStraggles('team/0');
    expect(await metrics.text()).toContain('tuneyard_stragglers_total{queue="(no such queue)"} 3');
  });

  it('says what each job holds now, and what its namespace is to be charged for', async () => {
    const metrics = new ControllerMetrics();
    metrics.queueSeen('team');
    const holder = (name: string, admitted: 'True' | 'False', gpuSecondsUsed: number) =>
      ({
        metadata: { name, namespace: 'legal' },
        spec: { queueName: 'team' },
        status: {
          gpuSecondsUsed,
          conditions: [
            { type: 'Admitted', status: admitted, reason: '', message: '', lastTransitionTime: '' },
          ],
          placement: {
            flavor: 'H100',
            resource: 'nvidia.com/gpu',
            nodes: ['a', 'b'],
            gpusPerWorker: 4,
            time: '',
          },
        },
      }) as unknown as FineTuneJob;
    metrics.watchJobs(() => [holder('runs', 'True', 30), holder('gave-back', 'False', 20)]);
    metrics.status(holder('runs', 'True', 30), undefined);
    metrics.status(holder('gave-back', 'False', 20), { gpuSecondsUsed: 15 });
    const text = await metrics.text();
    expect(text.split('\n').filter((line) => line.startsWith('tuneyard_job_gpus{'))).toEqual([
      'tuneyard_job_gpus{namespace="legal",job="runs",queue="team",flavor="H100"} 8',
    ]);
    expect(text).toContain(
      'tuneyard_namespace_gpu_seconds_total{namespace="legal",queue="team",flavor="H100"} 35',
    );
    expect(text).toMatch(/tuneyard_build_info\{program="controller",version="\d+\.\d+\.\d+",node="v\d+/);
    metrics.watchJobs(() => []);
    expect(await metrics.text()).not.toContain('tuneyard_job_gpus{');
  });
});
