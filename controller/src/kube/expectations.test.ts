import { describe, expect, it } from 'vitest';
import { equalJson } from './equal.js';
import { Expectations } from './expectations.js';
import { FakeClock } from './fake-clock.js';
import { ReadYourWrites } from './read-your-writes.js';

describe('Expectations', () => {
  it('hold an owner back until the cache shows all of its writes', () => {
    const expectations = new Expectations(new FakeClock());
    expectations.expectCreation('j', 'a');
    expectations.expectDeletion('j', 'b');
    expect(expectations.satisfied('j')).toBe(false);
    expect(expectations.satisfied('other')).toBe(true);
    expectations.observeCreation('j', 'a');
    expect(expectations.satisfied('j')).toBe(false);
    expectations.observeDeletion('j', 'b');
    expect(expectations.satisfied('j')).toBe(true);
  });

  it('give up after five minutes, in case something was missed', () => {
    const clock = new FakeClock();
    const expectations = new Expectations(clock);
    expectations.expectCreation('j', 'a');
    clock.advance(299_999);
    expect(expectations.satisfied('j')).toBe(false);
    clock.advance(1);
    expect(expectations.satisfied('j')).toBe(true);
  });
});

describe('ReadYourWrites', () => {
  const at = (resourceVersion: string, uid = 'u') => ({ metadata: { name: 'j', uid, resourceVersion } });

  it('gives what was written until the cache is as new', () => {
    const written = new ReadYourWrites();
    written.wrote('j', at('10'));
    expect(written.newest('j', at('9'))?.metadata.resourceVersion).toBe('10');
    expect(written.newest('j', at('10'))?.metadata.resourceVersion).toBe('10');
    expect(written.newest('j', at('9'))?.metadata.resourceVersion).toBe('9');
  });

  it('believes the cache about another object of the same name, and about a deletion', () => {
    const written = new ReadYourWrites();
    written.wrote('j', at('10'));
    expect(written.newest('j', at('9', 'new'))?.metadata.uid).toBe('new');
    written.wrote('j', at('10'));
    expect(written.newest('j', undefined)).toBeUndefined();
  });
});

describe('equalJson', () => {
  it('takes undefined for absent, and order for nothing but lists', () => {
    expect(equalJson({ a: 1, b: undefined, c: { d: [1, 2] } }, { c: { d: [1, 2] }, a: 1 })).toBe(true);
    expect(equalJson([1, 2], [2, 1])).toBe(false);
    expect(equalJson({ a: null }, {})).toBe(false);
    expect(equalJson({ a: [] }, { a: {} })).toBe(false);
  });
});
