import { describe, expect, it } from 'vitest';
import type { StatusCause } from '../status-error.js';
import { applyDefaults } from './apply-defaults.js';
import { builtinSchema } from './builtin-schema.js';
import { checkStructural } from './check-structural.js';
import { evaluateRules } from './cel-rules.js';
import { prune } from './prune.js';
import type { SchemaNode, ValidationRule } from './schema-node.js';
import { validate } from './validate.js';

const faults = (value: unknown, schema: SchemaNode): string[] => {
  const causes: StatusCause[] = [];
  validate(value, schema, 'spec', causes);
  return causes.map((cause) => `${cause.field} ${cause.reason}`);
};

describe('validate', () => {
  const schema: SchemaNode = {
    type: 'object',
    required: ['size'],
    properties: {
      size: { type: 'integer', minimum: 1, maximum: 10 },
      ratio: { type: 'number', exclusiveMinimum: true, minimum: 0 },
      name: { type: 'string', pattern: '^[a-z]+$', maxLength: 3 },
      port: { 'x-kubernetes-int-or-string': true },
      color: { type: 'string', enum: ['red', 'blue'] },
      tags: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set', maxItems: 2 },
      parts: {
        type: 'array',
        items: { type: 'object', properties: { id: { type: 'string' } } },
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['id'],
      },
    },
  };

  it('accepts what is right', () => {
    expect(
      faults({ size: 3, ratio: 0.5, name: 'abc', port: 'http', color: 'red', tags: ['a', 'b'] }, schema),
    ).toEqual([]);
  });

  it.each([
    [{}, 'spec.size FieldValueRequired'],
    [{ size: 'x' }, 'spec.size FieldValueTypeInvalid'],
    [{ size: 1.5 }, 'spec.size FieldValueTypeInvalid'],
    [{ size: 11 }, 'spec.size FieldValueInvalid'],
    [{ size: 1, ratio: 0 }, 'spec.ratio FieldValueInvalid'],
    [{ size: 1, name: 'A' }, 'spec.name FieldValueInvalid'],
    [{ size: 1, name: 'abcd' }, 'spec.name FieldValueTooLong'],
    [{ size: 1, port: true }, 'spec.port FieldValueTypeInvalid'],
    [{ size: 1, color: 'green' }, 'spec.color FieldValueNotSupported'],
    [{ size: 1, tags: ['a', 'a'] }, 'spec.tags[1] FieldValueDuplicate'],
    [{ size: 1, tags: ['a', 'b', 'c'] }, 'spec.tags FieldValueTooMany'],
    [{ size: 1, parts: [{ id: 'x' }, { id: 'x' }] }, 'spec.parts[1] FieldValueDuplicate'],
    [{ size: null }, 'spec.size FieldValueTypeInvalid'],
  ])('finds the fault of %j', (value, fault) => {
    expect(faults(value, schema)).toContain(fault);
  });
});

describe('prune and applyDefaults', () => {
  it('drops unknown fields with their paths and fills in defaults below them', () => {
    const schema: SchemaNode = {
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          default: {},
          properties: {
            n: { type: 'integer', default: 5 },
            free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            list: {
              type: 'array',
              items: { type: 'object', properties: { k: { type: 'string', default: 'd' } } },
            },
          },
        },
      },
    };
    const value = { kind: 'X', spec: { bogus: 1, free: { any: 1 }, list: [{ z: 1 }], n: null } };
    const unknown: string[] = [];
    prune(value, schema, '', unknown);
    applyDefaults(value, schema);
    expect(unknown).toEqual(['spec.bogus', 'spec.list[0].z']);
    expect(value).toEqual({ kind: 'X', spec: { free: { any: 1 }, list: [{ k: 'd' }], n: 5 } });
  });

  it('reads quantities that are numbers, and null as absent, in built-in kinds', () => {
    const pod = { spec: { nodeName: null, containers: [{ name: 'c', resources: { limits: { cpu: 2 } } }] } };
    prune(pod, builtinSchema('V1Pod'), '', []);
    expect(pod.spec).toEqual({ containers: [{ name: 'c', resources: { limits: { cpu: '2' } } }] });
  });
});

describe('CEL rules', () => {
  const withRule = (rule: ValidationRule): SchemaNode => ({
    type: 'object',
    properties: {
      a: { type: 'integer' },
      b: { type: 'integer' },
      ratio: { type: 'number' },
      'x-y': { type: 'string' },
    },
    'x-kubernetes-validations': [rule],
  });
  const messages = (rule: ValidationRule, value: unknown, old?: unknown): string[] => {
    const causes: StatusCause[] = [];
    evaluateRules(value, old, withRule(rule), 'spec', causes, false);
    return causes.map((cause) => cause.message);
  };

  it('compares fields, by the types of the schema', () => {
    expect(messages({ rule: 'self.a <= self.b', message: 'a above b' }, { a: 3, b: 2 })).toEqual([
      'Invalid value: "object": a above b',
    ]);
    expect(messages({ rule: 'self.a <= self.b' }, { a: 2, b: 2 })).toEqual([]);
    expect(messages({ rule: 'self.ratio * 2.0 == 2.0' }, { ratio: 1 })).toEqual([]);
    expect(messages({ rule: "self.x__dash__y == 'ok'" }, { 'x-y': 'ok' })).toEqual([]);
  });

  it('runs transition rules only against an old value', () => {
    const rule = { rule: 'self.a == oldSelf.a', message: 'a is immutable' };
    expect(messages(rule, { a: 1 })).toEqual([]);
    expect(messages(rule, { a: 1 }, { a: 1 })).toEqual([]);
    expect(messages(rule, { a: 2 }, { a: 1 })).toHaveLength(1);
  });

  it('words the fault by messageExpression', () => {
    const rule = { rule: 'self.a > 5', messageExpression: "'a is ' + string(self.a)" };
    expect(messages(rule, { a: 1 })[0]).toContain('a is 1');
  });

  it.each(['self.a >', 'unknownFunction(self)', 'self.a + 1'])(
    'refuses the rule "%s" when the definition is written',
    (rule) => {
      const causes: StatusCause[] = [];
      checkStructural(withRule({ rule }), 'schema', causes);
      expect(causes).toHaveLength(1);
    },
  );
});
