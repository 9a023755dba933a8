import { describe, expect, it } from 'vitest';
import type { FineTuneJob } from '../api/index.js';
import { waitingList } from './waiting-list.js';

const job = (name: string, queueName: string, queue?: object, chosen?: string) =>
  ({
    metadata: { name, creationTimestamp: `2026-01-01T00:00:0${name.length}Z` },
    spec: { queueName },
    status: { queueName: chosen ?? queueName, ...(queue === undefined ? {} : { queue }) },
  }) as unknown as FineTuneJob;

describe('the waiting list of a queue', () => {
  it('has its waiting jobs by place, and those without a place last', () => {
    const jobs = [
      job('never', 'team', { reason: 'ExceedsQuota', position: 1 }),
      job('second', 'team', { reason: 'WaitingForQuota', position: 2 }),
      job('bad', 'team', { reason: 'InvalidSpec' }),
      job('first', '', { reason: 'WaitingForCapacity', position: 1 }, 'team'),
      job('running', 'team'),
      job('foreign', 'others', { reason: 'WaitingForQuota', position: 1 }),
    ];
    expect(waitingList(jobs, 'team').map(({ metadata }) => metadata.name)).toEqual([
      'first',
      'second',
      'bad',
      'never',
    ]);
  });
});
