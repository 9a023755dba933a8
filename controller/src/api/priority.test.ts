import { describe, expect, it } from 'vitest';
import { priorityOf } from './priority.js';

const open = { name: 'sales' };
const classed = {
  name: 'sales',
  priorityClasses: [
    { name: 'nightly', value: -10 },
    { name: 'urgent', value: 100, namespaces: ['leads'] },
  ],
};
const of = (
  spec: { priority?: number; priorityClassName?: string },
  namespace = 'team',
  queue: Parameters<typeof priorityOf>[2] = classed,
) => priorityOf({ priority: 0, ...spec }, namespace, queue);

describe('the priority of a job', () => {
  it('is its number in a queue without classes', () => {
    expect(of({ priority: 7 }, 'team', open)).toEqual({ value: 7 });
    expect(of({ priorityClassName: 'urgent' }, 'team', open)).toEqual({
      refused: 'queue sales has no priority classes, so not urgent: leave spec.priorityClassName out',
    });
  });

  it('is the value of a class that its namespace may use', () => {
    expect(of({})).toEqual({ value: 0 });
    expect(of({ priorityClassName: 'nightly' })).toEqual({ value: -10 });
    expect(of({ priorityClassName: 'urgent' }, 'leads')).toEqual({ value: 100 });
  });

  it('is refused with what the namespace may use', () => {
    expect(of({ priorityClassName: 'urgent' })).toEqual({
      refused:
        'priority class urgent of queue sales is not for namespace team; namespace team may use nightly (-10)',
    });
    expect(of({ priorityClassName: 'boss' }, 'leads')).toEqual({
      refused: 'queue sales has no priority class boss; namespace leads may use nightly (-10), urgent (100)',
    });
    expect(of({ priority: 1_000_000_000 })).toEqual({
      refused:
        'queue sales gives priorities by class, so not spec.priority 1000000000: name one in spec.priorityClassName; namespace team may use nightly (-10)',
    });
    expect(
      of({ priority: 1 }, 'team', {
        name: 'q',
        priorityClasses: [{ name: 'a', value: 1, namespaces: ['b'] }],
      }),
    ).toEqual({
      refused:
        'queue q gives priorities by class, so not spec.priority 1: name one in spec.priorityClassName; namespace team may use none',
    });
  });
});
