import { describe, expect, it } from 'vitest';
import type { FineTuneJob, FineTuneJobStatus } from '../api/index.js';
import { Cache } from '../kube/index.js';
import type { Plan } from '../scheduling/index.js';
import { UndoneDecisions } from './undone-decisions.js';

const KEY = 'default/j';
const PLAN: Plan = {
  admissions: [],
  evictions: [],
  resizes: [],
  reservations: [],
  waiting: [],
  isPartial: false,
};
const ADMISSION = { key: KEY, flavor: 'H100', resource: 'nvidia.com/gpu', nodes: ['a'] };

const makeJob = (generation: number, admitted?: boolean, nodes = ['a']): FineTuneJob =>
  ({
    metadata: { name: 'j', namespace: 'default', uid: 'u', generation },
    status: {
      conditions: admitted === undefined ? [] : [{ type: 'Admitted', status: admitted ? 'True' : 'False' }],
      ...(admitted === true ? { placement: { flavor: 'H100', resource: 'nvidia.com/gpu', nodes } } : {}),
    } as FineTuneJobStatus,
  }) as FineTuneJob;

function decisions() {
  const jobs = new Cache<FineTuneJob>();
  jobs.put(makeJob(1));
  const changed: string[] = [];
  return { jobs, changed, undone: new UndoneDecisions(jobs, (key) => changed.push(key)) };
}

describe('UndoneDecisions', () => {
  it('keeps an admission until it is stored, so that an eviction right after does not bring it back', () => {
    const { jobs, changed, undone } = decisions();
    expect(undone.remember({ ...PLAN, admissions: [ADMISSION] })).toEqual([KEY]);
    expect(undone.admissionOf(KEY, 1)).toEqual(ADMISSION);
    expect(undone.of(KEY).admission).toEqual(ADMISSION);
    jobs.put(makeJob(1, true));
    jobs.put(makeJob(1, false));
    expect(undone.admissionOf(KEY, 1)).toBeUndefined();
    expect(undone.of(KEY).admission).toBeUndefined();
    expect(changed).toEqual([KEY, KEY]);
  });

  it('drops an admission with the spec that it was decided for, and with the job', () => {
    const { jobs, undone } = decisions();
    undone.remember({ ...PLAN, admissions: [ADMISSION] });
    expect(undone.admissionOf(KEY, 2)).toBeUndefined();
    jobs.put(makeJob(2));
    expect(undone.of(KEY).admission).toBeUndefined();
    undone.remember({ ...PLAN, admissions: [ADMISSION] });
    jobs.remove(KEY);
    expect(undone.of(KEY).admission).toBeUndefined();
  });

  it('keeps an eviction until the job holds nothing, and a resize until the placement shows it', () => {
    const { jobs, undone } = decisions();
    jobs.put(makeJob(1, true));
    const resize = { key: KEY, nodes: ['a', 'b'] };
    const eviction = { key: KEY, for: 'default/k', cause: 'priority' as const, price: 0, message: 'm' };
    undone.remember({
      ...PLAN,
      resizes: [resize],
      evictions: [eviction],
    });
    jobs.put(makeJob(1, true));
    expect(undone.resizeOf(KEY, 1)).toEqual(resize);
    jobs.put(makeJob(1, true, ['a', 'b']));
    expect(undone.resizeOf(KEY, 1)).toBeUndefined();
    expect(undone.of(KEY).isEvicted).toBe(true);
    jobs.put(makeJob(1, false));
    expect(undone.evictionOf(KEY)).toBeUndefined();
  });
});
