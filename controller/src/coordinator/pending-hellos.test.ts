import { describe, expect, it } from 'vitest';
import { hostOfPeer, PendingHellos } from './pending-hellos.js';

describe('streams that have not said hello', () => {
  it('are bounded for an address, without a word for others', () => {
    const pending = new PendingHellos({ perAddress: 2, inAll: 10 });
    const [first] = [pending.enter('a'), pending.enter('a')];
    expect(pending.enter('a')).toBeUndefined();
    expect(pending.enter('b')).toBeDefined();
    first?.();
    // Leaving twice, as an error and an end do, gives one place.
    first?.();
    expect(pending.enter('a')).toBeDefined();
    expect(pending.enter('a')).toBeUndefined();
  });

  it('are bounded for all addresses together', () => {
    const pending = new PendingHellos({ perAddress: 2, inAll: 3 });
    const leave = ['a', 'b', 'c'].map((address) => pending.enter(address));
    expect(pending.enter('d')).toBeUndefined();
    leave[1]?.();
    expect(pending.enter('d')).toBeDefined();
  });

  it.each([
    ['10.0.0.1:4711', '10.0.0.1'],
    ['ipv6:[::1]:4711', 'ipv6:[::1]'],
    ['unknown', 'unknown'],
  ])('come from the host of %s', (peer, host) => expect(hostOfPeer(peer)).toBe(host));
});
