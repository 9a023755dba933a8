import { describe, expect, it } from 'vitest';
import type { ConditionUpdate } from './conditions.js';
import { derivePhase, mergeConditions } from './conditions.js';

const T1 = '2026-01-01T00:00:00Z';
const T2 = '2026-01-02T00:00:00Z';
const update = (
  type: ConditionUpdate['type'],
  status: 'True' | 'False',
  reason: ConditionUpdate['reason'],
): ConditionUpdate => ({
  type,
  status,
  reason,
  message: '',
});

describe('mergeConditions', () => {
  it('moves lastTransitionTime only when the status changes', () => {
    const first = mergeConditions([], [update('Admitted', 'False', 'NotAdmitted')], 1, T1);
    const same = mergeConditions(first, [update('Admitted', 'False', 'NotAdmitted')], 2, T2);
    expect(same[0]).toMatchObject({ lastTransitionTime: T1, observedGeneration: 2 });
    const changed = mergeConditions(same, [update('Admitted', 'True', 'Admitted')], 2, T2);
    expect(changed[0]).toMatchObject({ lastTransitionTime: T2, status: 'True' });
  });

  it('keeps the conditions that it was not told about, and the order', () => {
    const first = mergeConditions(
      [],
      [update('Failed', 'False', 'NotEvicted'), update('QuotaReserved', 'True', 'QuotaReserved')],
      1,
      T1,
    );
    const merged = mergeConditions(first, [update('Admitted', 'True', 'Admitted')], 1, T2);
    expect(merged.map(({ type }) => type)).toEqual(['Failed', 'QuotaReserved', 'Admitted']);
  });
});

describe('derivePhase', () => {
  const phase = (...updates: ConditionUpdate[]) => derivePhase(mergeConditions([], updates, 1, T1));
  it('is one word from the conditions', () => {
    expect(phase()).toBe('Queued');
    expect(phase(update('QuotaReserved', 'False', 'WaitingForQuota'))).toBe('Queued');
    expect(phase(update('QuotaReserved', 'False', 'ExceedsPool'))).toBe('Unschedulable');
    expect(phase(update('Admitted', 'True', 'Admitted'))).toBe('Starting');
    expect(phase(update('Admitted', 'True', 'Admitted'), update('Training', 'True', 'Training'))).toBe(
      'Training',
    );
    expect(phase(update('Suspended', 'True', 'Suspended'))).toBe('Suspended');
    expect(phase(update('Complete', 'True', 'Finished'), update('Training', 'True', 'Training'))).toBe(
      'Complete',
    );
    expect(phase(update('Failed', 'True', 'UserError'))).toBe('Failed');
  });
});
