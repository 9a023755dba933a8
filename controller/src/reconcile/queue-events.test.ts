import { describe, expect, it } from 'vitest';
import type { GpuQueue, GpuQueueStatus, QueueReason } from '../api/index.js';
import { queueEvents } from './queue-events.js';

interface State {
  readonly active?: QueueReason;
  readonly message?: string;
  readonly over?: boolean;
  readonly borrowed?: number;
}

const time = '2026-01-01T00:00:00Z';

const statusOf = ({ active = 'Ready', message = '', over = false, borrowed = 0 }: State): GpuQueueStatus => ({
  conditions: [
    {
      type: 'Active',
      status: active === 'Ready' ? 'True' : 'False',
      reason: active,
      message,
      lastTransitionTime: time,
    },
    {
      type: 'Overcommitted',
      status: over ? 'True' : 'False',
      reason: over ? 'Overcommitted' : 'WithinPool',
      message: '',
      lastTransitionTime: time,
    },
  ],
  usage: [{ flavor: 'H100', nominal: 4, used: 4 + borrowed, borrowed }],
});

function told(before: State | undefined, after: State): string[] {
  const queue = {
    metadata: { name: 'q' },
    spec: { quotas: [{ flavor: 'H100', nominal: 4 }], stopPolicy: 'none' },
    ...(before === undefined ? {} : { status: statusOf(before) }),
  } as unknown as GpuQueue;
  return queueEvents(queue, statusOf(after)).map(({ type, reason }) => `${type} ${reason}`);
}

describe('events of a queue', () => {
  it('has no news of a new queue that admits jobs, nor of what stays', () => {
    expect(told(undefined, {})).toEqual([]);
    expect(told({}, {})).toEqual([]);
    const missing: State = { active: 'FlavorNotInPool', message: 'no node has A100' };
    expect(told(missing, { ...missing, message: 'no node has A100 or H100' })).toEqual([]);
    expect(told({ borrowed: 2 }, { borrowed: 3 })).toEqual([]);
  });

  it('warns of what nobody wanted, and tells when it is over', () => {
    expect(told(undefined, { active: 'FlavorNotInPool', over: true })).toEqual([
      'Warning FlavorNotInPool',
      'Warning Overcommitted',
    ]);
    expect(told({ active: 'FlavorNotInPool', over: true }, {})).toEqual([
      'Normal Active',
      'Normal WithinPool',
    ]);
  });

  it('tells of each stopPolicy', () => {
    const hold: State = { active: 'Stopped', message: 'stopPolicy is hold' };
    const drain: State = { active: 'Stopped', message: 'stopPolicy is holdAndDrain' };
    expect(told({}, hold)).toEqual(['Normal Stopped']);
    expect(told(hold, drain)).toEqual(['Normal Stopped']);
    expect(told(drain, drain)).toEqual([]);
    expect(told(drain, {})).toEqual(['Normal Active']);
  });

  it('tells when it begins to use GPUs of others, and when those have them back', () => {
    expect(told({}, { borrowed: 2 })).toEqual(['Normal Borrowing']);
    expect(told({ borrowed: 2 }, {})).toEqual(['Normal BorrowingEnded']);
  });
});
