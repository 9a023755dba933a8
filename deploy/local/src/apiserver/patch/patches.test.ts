import { describe, expect, it } from 'vitest';
import { builtinSchema } from '../schema/builtin-schema.js';
import { applyJsonPatch } from './json-patch.js';
import { applyMergePatch } from './merge-patch.js';
import { applyStrategicMergePatch } from './strategic-merge-patch.js';

describe('applyJsonPatch', () => {
  it('adds, replaces, removes, moves, copies and tests without touching the original', () => {
    const before = { a: [1, 2], b: { c: 'x' } };
    const patch = [
      { op: 'test', path: '/b/c', value: 'x' },
      { op: 'add', path: '/a/-', value: 3 },
      { op: 'add', path: '/a/0', value: 0 },
      { op: 'replace', path: '/b/c', value: 'y' },
      { op: 'copy', from: '/b', path: '/d' },
      { op: 'move', from: '/b/c', path: '/e~1f' },
      { op: 'remove', path: '/a/1' },
    ];
    expect(applyJsonPatch(before, patch)).toEqual({ a: [0, 2, 3], b: {}, d: { c: 'y' }, 'e/f': 'y' });
    expect(before).toEqual({ a: [1, 2], b: { c: 'x' } });
  });

  it.each([
    [{ op: 'test', path: '/a', value: 2 }],
    [{ op: 'remove', path: '/missing' }],
    [{ op: 'replace', path: '/list/5', value: 1 }],
    [{ op: 'add', path: '/__proto__/polluted', value: true }],
  ])('refuses %o', (operation) => {
    expect(() => applyJsonPatch({ a: 1, list: [] }, [operation])).toThrow();
    expect(Object.prototype).not.toHaveProperty('polluted');
  });
});

describe('applyMergePatch', () => {
  it('follows RFC 7386', () => {
    const before = { a: 'b', c: { d: 'e', f: 'g' }, list: [1] };
    expect(applyMergePatch(before, { a: 'z', c: { f: null }, list: [2, 3], n: { m: null } })).toEqual({
      a: 'z',
      c: { d: 'e' },
      list: [2, 3],
      n: {},
    });
  });
});

describe('applyStrategicMergePatch', () => {
  const schema = builtinSchema('V1Pod');
  const pod = {
    spec: {
      containers: [
        { name: 'a', image: '1', env: [{ name: 'X', value: '1' }] },
        { name: 'b', image: '2' },
      ],
      tolerations: [{ key: 'old' }],
    },
  };

  it('merges lists by their key and replaces those without one', () => {
    const patch = {
      spec: { containers: [{ name: 'a', env: [{ name: 'Y', value: '2' }] }], tolerations: [{ key: 'new' }] },
    };
    expect(applyStrategicMergePatch(pod, patch, schema)).toEqual({
      spec: {
        containers: [
          {
            name: 'a',
            image: '1',
            env: [
              { name: 'X', value: '1' },
              { name: 'Y', value: '2' },
            ],
          },
          { name: 'b', image: '2' },
        ],
        tolerations: [{ key: 'new' }],
      },
    });
  });

  it('deletes and orders items as the directives say', () => {
    const patch = {
      spec: {
        '$setElementOrder/containers': [{ name: 'c' }, { name: 'b' }],
        containers: [
          { name: 'a', $patch: 'delete' },
          { name: 'c', image: '3' },
        ],
      },
    };
    const result = applyStrategicMergePatch(pod, patch, schema);
    expect(result).toMatchObject({ spec: { containers: [{ name: 'c' }, { name: 'b' }] } });
  });

  it('refuses a list item without its merge key', () => {
    expect(() => applyStrategicMergePatch(pod, { spec: { containers: [{ image: 'x' }] } }, schema)).toThrow(
      /merge key: name/,
    );
  });
});
