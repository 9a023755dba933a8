import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../json.js';
import type { KubeObject } from '../kube-object.js';
import { builtinSchema } from '../schema/builtin-schema.js';
import { StatusError } from '../status-error.js';
import { FieldSet } from './field-set.js';
import { applyConfiguration, trackUpdate, type FieldWriter } from './managed-fields.js';

const schema = builtinSchema('V1Pod');
const writer = (manager: string, operation: 'Apply' | 'Update' = 'Apply'): FieldWriter => ({
  manager,
  operation,
  subresource: undefined,
  apiVersion: 'v1',
  time: '2026-01-01T00:00:00Z',
});

const metadata = { name: 'p', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };

function apply(live: KubeObject | undefined, manager: string, fields: JsonObject, force = false): KubeObject {
  const applied = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, ...fields };
  const result = applyConfiguration(live, applied, schema, writer(manager), force);
  return {
    ...result.object,
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, managedFields: result.managedFields },
  };
}

const spec = (image: string, more: JsonObject = {}): JsonObject => ({
  spec: { containers: [{ name: 'c', image, ...more }] },
});

describe('applyConfiguration', () => {
  it('names every field that another manager holds with another value', () => {
    const live = apply(undefined, 'one', spec('a'));
    let error: unknown;
    try {
      apply(live, 'two', spec('b'));
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(StatusError);
    expect(error).toMatchObject({
      code: 409,
      details: { causes: [{ reason: 'FieldManagerConflict', field: '.spec.containers[name="c"].image' }] },
    });
  });

  it('lets two managers hold the same value, and the field go only when both let go', () => {
    const first = apply(undefined, 'one', { spec: { hostname: 'h', nodeName: 'n' } });
    const both = apply(first, 'two', { spec: { hostname: 'h' } });
    const oneLess = apply(both, 'one', { spec: { nodeName: 'n' } });
    expect(oneLess['spec']).toEqual({ hostname: 'h', nodeName: 'n' });
    expect(apply(oneLess, 'two', {})['spec']).toEqual({ nodeName: 'n' });
  });

  it('takes fields over by force', () => {
    const taken = apply(apply(undefined, 'one', spec('a')), 'two', spec('b'), true);
    expect(taken).toMatchObject(spec('b'));
    expect(() => apply(taken, 'one', spec('a'))).toThrow(/conflict with "two"/);
  });

  it('removes a list item that is no longer applied, and keeps those of others', () => {
    const first = apply(
      undefined,
      'one',
      spec('a', {
        env: [
          { name: 'X', value: '1' },
          { name: 'Y', value: '2' },
        ],
      }),
    );
    const second = apply(first, 'two', spec('a', { env: [{ name: 'Z', value: '3' }] }));
    const third = apply(second, 'one', spec('a', { env: [{ name: 'Y', value: '2' }] }));
    expect(third).toMatchObject(
      spec('a', {
        env: [
          { name: 'Y', value: '2' },
          { name: 'Z', value: '3' },
        ],
      }),
    );
  });
});

describe('trackUpdate', () => {
  it('moves what an update changes to its writer', () => {
    const before = apply(undefined, 'one', spec('a'));
    const after = { ...before, ...spec('b') };
    const entries = trackUpdate(before, after, schema, writer('editor', 'Update'));
    const editor = entries.find((entry) => entry.manager === 'editor');
    expect(FieldSet.fromJson(editor?.fieldsV1).paths()).toEqual(['.spec.containers[name="c"].image']);
    const one = entries.find((entry) => entry.manager === 'one');
    expect(FieldSet.fromJson(one?.fieldsV1).paths()).not.toContain('.spec.containers[name="c"].image');
  });
});

describe('FieldSet', () => {
  const sets = fc
    .array(fc.array(fc.constantFrom('f:a', 'f:b', 'v:"x"'), { minLength: 1, maxLength: 3 }), { maxLength: 6 })
    .map((paths) => {
      const set = new FieldSet();
      for (const path of paths) path.reduce((node, key) => node.child(key), set).owned = true;
      return set;
    });
  const text = (set: FieldSet): string => JSON.stringify(set.paths().sort());

  it('comes back from its JSON form', () => {
    fc.assert(fc.property(sets, (set) => text(FieldSet.fromJson(set.toJson())) === text(set)));
  });

  it('obeys the laws of sets', () => {
    fc.assert(
      fc.property(sets, sets, (a, b) => {
        const owned = (set: FieldSet): Set<string> => new Set(set.paths());
        const [left, right] = [owned(a), owned(b)];
        expect(owned(a.union(b))).toEqual(new Set([...left, ...right]));
        expect(owned(a.subtract(b))).toEqual(new Set([...left].filter((path) => !right.has(path))));
        expect(owned(a.intersect(b))).toEqual(new Set([...left].filter((path) => right.has(path))));
      }),
    );
  });
});
