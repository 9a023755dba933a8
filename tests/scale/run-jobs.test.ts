import { expect, it } from 'vitest';
import { runJobs } from './run-jobs.js';

// The same load as the bench, in small; here only that it is right, not how long it takes.
it('runs many more jobs than fit at once to their end, though queues take back what they lent, and leaves nothing behind', async () => {
  const load = { jobs: 60, nodes: 4, gpusPerNode: 4, queues: 3, trainingMs: 20, qps: 0, burst: 100 };
  const figures = await runJobs(load);
  // One request for each pod, the identities, and each of the few changes of a job that people see.
  expect(figures.requestsPerJob['post pods']).toBeCloseTo(figures.pods / load.jobs, 1);
  expect(figures).toMatchObject({ pods: 60 + 3 * 3 + 9, restarts: 0, leftBehind: 0 });
});
