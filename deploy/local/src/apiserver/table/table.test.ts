import { describe, expect, it } from 'vitest';
import { customColumns } from './custom-columns.js';
import { humanDuration } from './human-duration.js';
import { evaluateJsonPath } from './json-path.js';
import { podReason } from './pod-columns.js';

describe('humanDuration', () => {
  it.each([
    [0, '0s'],
    [119_000, '119s'],
    [120_000, '2m'],
    [312_000, '5m12s'],
    [3 * 3600_000, '3h'],
    [26 * 3600_000, '26h'],
    [50 * 3600_000, '2d2h'],
    [800 * 86_400_000, '2y70d'],
  ])('%d ms is %s', (milliseconds, text) => {
    expect(humanDuration(milliseconds)).toBe(text);
  });
});

describe('evaluateJsonPath', () => {
  const root = {
    a: { 'b.c': [1, 2] },
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Other', status: 'False' },
    ],
  };
  it.each([
    ['.a.b\\.c[0]', [1]],
    ["{.a['b.c'][-1]}", [2]],
    ['.conditions[?(@.type=="Ready")].status', ['True']],
    ['.conditions[*].type', ['Ready', 'Other']],
    ['.missing.x', []],
  ])('%s', (path, wanted) => {
    expect(evaluateJsonPath(path, root)).toEqual(wanted);
  });
});

describe('customColumns', () => {
  it('gives cells of the column types', () => {
    const columns = customColumns([
      { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
      { name: 'When', type: 'date', jsonPath: '.spec.when' },
      { name: 'Gone', type: 'string', jsonPath: '.spec.gone' },
    ]);
    const object = { metadata: { name: 'x' }, spec: { size: 3, when: '2026-01-01T00:00:00Z' } };
    const now = Date.parse('2026-01-01T00:05:00Z');
    expect(columns.map((column) => column.cell(object, now))).toEqual(['x', 3, '5m', null]);
  });
});

describe('podReason', () => {
  const status = (state: object, more: object = {}): object => ({
    status: { phase: 'Running', containerStatuses: [{ state, ...more }] },
  });
  it.each([
    [{ status: { phase: 'Pending' } }, 'Pending'],
    [status({ waiting: { reason: 'CrashLoopBackOff' } }), 'CrashLoopBackOff'],
    [status({ terminated: { reason: 'OOMKilled', exitCode: 137 } }), 'OOMKilled'],
    [status({ terminated: { exitCode: 3 } }), 'ExitCode:3'],
    [{ ...status({ running: {} }, { ready: true }), metadata: { deletionTimestamp: 'x' } }, 'Terminating'],
    [
      {
        spec: { initContainers: [{}, {}] },
        status: { phase: 'Pending', initContainerStatuses: [{ state: { running: {} } }] },
      },
      'Init:0/2',
    ],
  ])('of %j is %s', (pod, reason) => {
    expect(podReason({ ...pod })).toBe(reason);
  });
});
