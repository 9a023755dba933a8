import { describe, expect, it } from 'vitest';
import { VouchedVersions } from './vouched-versions.js';

const object = (uid: string, resourceVersion: string) => ({
  apiVersion: 'v1',
  kind: 'A',
  metadata: { name: uid, uid, resourceVersion },
});

describe('versions that this process has written', () => {
  it('are taken once, and no other version of the object', () => {
    const vouched = new VouchedVersions();
    vouched.vouch(object('a', '2'));
    expect(vouched.takes(object('a', '1'))).toBe(false);
    expect(vouched.takes(object('b', '2'))).toBe(false);
    expect(vouched.takes(object('a', '2'))).toBe(true);
    expect(vouched.takes(object('a', '2'))).toBe(false);
  });

  it('are those of the last write', () => {
    const vouched = new VouchedVersions();
    for (const version of ['2', '3']) vouched.vouch(object('a', version));
    expect(vouched.takes(object('a', '2'))).toBe(false);
    expect(vouched.takes(object('a', '3'))).toBe(true);
  });

  it('do not grow without end', () => {
    const vouched = new VouchedVersions();
    for (let at = 0; at <= 10_000; at++) vouched.vouch(object(String(at), '1'));
    expect(vouched.takes(object('0', '1'))).toBe(false);
    expect(vouched.takes(object('1', '1'))).toBe(true);
  });
});
