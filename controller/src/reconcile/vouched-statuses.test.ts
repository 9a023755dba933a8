import { describe, expect, it } from 'vitest';
import type { FineTuneJob, FineTuneJobStatus } from '../api/index.js';
import { VouchedStatuses } from './vouched-statuses.js';

const job = (uid: string, status?: FineTuneJobStatus) =>
  ({ metadata: { name: uid, uid }, status }) as FineTuneJob;

describe('statuses that this process has written', () => {
  it('are known again as a whole', () => {
    const vouched = new VouchedStatuses();
    vouched.vouch('a', { phase: 'Training', restarts: 1 });
    expect(vouched.has(job('a', { restarts: 1, phase: 'Training' }))).toBe(true);
    expect(vouched.has(job('a', { phase: 'Training' }))).toBe(false);
    expect(vouched.has(job('a', { phase: 'Training', restarts: 1, junk: 'x' } as FineTuneJobStatus))).toBe(
      false,
    );
    expect(vouched.has(job('b', { phase: 'Training', restarts: 1 }))).toBe(false);
    expect(vouched.has(job('a'))).toBe(false);
  });

  it('are known by the version of the job once it was compared', () => {
    const vouched = new VouchedStatuses();
    const at = (resourceVersion: string, status: FineTuneJobStatus): FineTuneJob => {
      const { metadata, ...rest } = job('a', status);
      return { ...rest, metadata: { ...metadata, resourceVersion } };
    };
    vouched.vouch('a', { restarts: 1 });
    expect(vouched.has(at('6', { restarts: 0 }))).toBe(false);
    expect(vouched.has(at('7', { restarts: 1 }))).toBe(true);
    // The same version is the same object; what it holds is not looked at again.
    expect(vouched.has(at('7', {}))).toBe(true);
    expect(vouched.has(at('8', {}))).toBe(false);
    vouched.vouch('a', { restarts: 2 });
    expect(vouched.has(at('7', { restarts: 1 }))).toBe(true);
    expect(vouched.has(at('9', { restarts: 3 }))).toBe(false);
  });

  it('are those of the last two writes, until the job is forgotten', () => {
    const vouched = new VouchedStatuses();
    vouched.vouch('a', { restarts: 1 });
    vouched.vouch('a', { restarts: 2 });
    expect(vouched.has(job('a', { restarts: 1 }))).toBe(true);
    expect(vouched.has(job('a', { restarts: 2 }))).toBe(true);
    vouched.vouch('a', { restarts: 3 });
    expect(vouched.has(job('a', { restarts: 1 }))).toBe(false);
    vouched.forget('a');
    expect(vouched.has(job('a', { restarts: 2 }))).toBe(false);
  });

  it('do not grow without end', () => {
    const vouched = new VouchedStatuses();
    for (let at = 0; at <= 10_000; at++) vouched.vouch(String(at), { restarts: at });
    expect(vouched.has(job('0', { restarts: 0 }))).toBe(false);
    expect(vouched.has(job('1', { restarts: 1 }))).toBe(true);
  });
});
