import { describe, expect, it } from 'vitest';
import type { FineTuneJobStatus } from '../api/index.js';
import { differsInFiguresAlone } from './figures.js';

const status = (ready: number, more: FineTuneJobStatus = {}): FineTuneJobStatus => ({
  workers: { desired: 4, ready },
  conditions: [
    {
      type: 'WorkersReady',
      status: ready < 4 ? 'False' : 'True',
      reason: ready < 4 ? 'WaitingForWorkers' : 'WorkersReady',
      message: `${ready} of 4`,
      lastTransitionTime: '2026-05-01T12:00:00Z',
    },
  ],
  ...more,
});

describe('differsInFiguresAlone', () => {
  it.each([
    ['one more worker is ready', status(1), status(2), true],
    ['a step was taken', status(4, { progress: { step: 1 } }), status(4, { progress: { step: 2 } }), true],
    ['nothing is new', status(1), status(1), false],
    ['all workers are ready', status(3), status(4), false],
    ['the first step was taken', status(4), status(4, { progress: { step: 1 } }), false],
    ['a checkpoint was written', status(4), status(4, { checkpoint: { step: 1, time: '', uri: '' } }), false],
    ['a worker failed', status(2), status(1, { restarts: 1 }), false],
  ])('%s', (_, before, after, expected) => {
    expect(differsInFiguresAlone(before, after)).toBe(expected);
  });
});
