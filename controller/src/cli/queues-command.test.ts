import { expect, test } from 'vitest';
import type { GpuQueue } from '../api/index.js';
import { notesOfQueue, rowsOfQueue } from './queues-command.js';

const queue = {
  apiVersion: 'tuneyard.dev/v1alpha1',
  kind: 'GpuQueue',
  metadata: { name: 'legal' },
  spec: { quotas: [{ flavor: 'h100', nominal: 4 }], weight: 1, stopPolicy: 'none' },
  status: {
    conditions: [
      {
        type: 'Active',
        status: 'False',
        reason: 'FlavorNotInPool',
        message: 'no node has h100',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
      {
        type: 'Overcommitted',
        status: 'False',
        reason: 'WithinPool',
        message: '',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ],
    usage: [
      { flavor: 'h100', nominal: 4, used: 0, borrowed: 0 },
      { flavor: 'H100', nominal: 0, used: 8, ending: 2, borrowed: 8 },
    ],
  },
} satisfies GpuQueue;

test('a queue has a line for what it holds of a quota that was taken away', () => {
  expect(rowsOfQueue(queue).map(({ flavor, nominal }) => [flavor, nominal])).toEqual([
    ['h100', 4],
    ['H100', 0],
  ]);
});

test('below the table stands what is wrong with a queue, and what will come free', () => {
  expect(notesOfQueue(queue)).toEqual([
    'legal: FlavorNotInPool: no node has h100\n',
    'legal: 2 of the used H100 are of pods that are ending\n',
  ]);
});
