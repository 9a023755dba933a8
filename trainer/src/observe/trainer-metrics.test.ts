import { expect, test } from 'vitest';
import { TrainerMetrics } from './trainer-metrics.js';

const figures = async (metrics: TrainerMetrics) => {
  const { values } = await metrics.generations.get();
  return Object.fromEntries(values.map(({ labels, value }) => [labels['cause'], value]));
};

test('generations count by cause from zero on, and unknown causes together', async () => {
  const metrics = new TrainerMetrics({});
  const before = await figures(metrics);
  expect(before).toMatchObject({ joined: 0, lost: 0, balanced: 0 });
  for (const cause of ['lost', 'balanced', 'balanced', 'made-up-1', 'made-up-2']) metrics.entered(cause);
  expect(await figures(metrics)).toEqual({ ...before, lost: 1, balanced: 2, other: 2 });
});
