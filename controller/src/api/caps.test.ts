import { describe, expect, it } from 'vitest';
import { capsOf, lingeringProblem, withCaps } from './caps.js';
import { parseFineTuneJobSpec } from './parse.js';
import { resolveSpec } from './resolve.js';

const spec = (more: object = {}) =>
  parseFineTuneJobSpec({
    queueName: 'team',
    model: { source: 'file:///m' },
    dataset: { sources: [{ uri: 'file:///d' }] },
    output: { uri: 'file:///o' },
    ...more,
  });
const capped = (more: object, caps: object | undefined, ofController = 600) => {
  const asked = spec(more);
  const before = resolveSpec(asked);
  const after = withCaps(before, asked.priority, capsOf({ name: 'team', caps }, ofController));
  return { ...after, reasons: after.reasons.slice(before.reasons.length) };
};

describe('caps', () => {
  it('leave alone what asks for no more', () => {
    expect(capped({}, { checkpointGraceSeconds: 120, backoffLimit: 3 }).reasons).toEqual([]);
  });

  it('lower a grace to that of the queue or of the controller, and say whose it is', () => {
    const day = { runPolicy: { preemption: { checkpointGraceSeconds: 86_400 } } };
    const field = 'runPolicy.preemption.checkpointGraceSeconds';
    const ofController = capped(day, undefined);
    expect(ofController.runPolicy.checkpointGraceSeconds).toBe(600);
    expect(ofController.reasons).toEqual([
      { field, reason: '600 instead of 86400: --max-checkpoint-grace of the controller allows no more' },
    ]);
    const ofQueue = capped(day, { checkpointGraceSeconds: 30 });
    expect(ofQueue.runPolicy.checkpointGraceSeconds).toBe(30);
    expect(ofQueue.reasons).toEqual([
      { field, reason: '30 instead of 86400: spec.caps of queue team allows no more' },
    ]);
    expect(capped(day, { checkpointGraceSeconds: 3600 }).runPolicy.checkpointGraceSeconds).toBe(600);
  });

  it('bound every other way to hold GPUs or attention for longer, also where the job names none', () => {
    const caps = {
      workersReadySeconds: 300,
      backoffLimit: 5,
      activeDeadlineSeconds: 7200,
      ttlSecondsAfterFinished: 60,
      priority: 10,
    };
    const runPolicy = { backoffLimit: 1000, workersReadySeconds: 86_400 };
    const { runPolicy: result, priority, reasons } = capped({ priority: 1e9, runPolicy }, caps);
    expect(result).toMatchObject({
      workersReadySeconds: 300,
      backoffLimit: 5,
      activeDeadlineSeconds: 7200,
      ttlSecondsAfterFinished: 60,
    });
    expect(priority).toBe(10);
    expect(reasons).toHaveLength(5);
    expect(reasons).toContainEqual({
      field: 'runPolicy.activeDeadlineSeconds',
      reason: '7200: spec.caps of queue team allows no more',
    });
  });

  it('refuse pods that could linger for longer', () => {
    const podTemplate = { spec: { terminationGracePeriodSeconds: 86_400 } };
    expect(lingeringProblem({ podTemplate }, capsOf({ name: 'team', caps: undefined }, 600))).toBe(
      'spec.podTemplate.spec.terminationGracePeriodSeconds is 86400, but --max-checkpoint-grace of the controller allows 600 at most: lower it',
    );
    const short = { spec: { terminationGracePeriodSeconds: 60 } };
    expect(
      lingeringProblem({ podTemplate: short }, capsOf({ name: 'team', caps: undefined }, 600)),
    ).toBeUndefined();
  });
});
