import type { Environment, ParseResult } from '@marcbachmann/cel-js';
import { messageOf } from '../../errors.js';
import { at, isObject, objectsOf, textOf, type JsonObject } from '../json.js';
import { createCelEnvironment } from '../schema/cel-environment.js';

let shared: Environment | undefined;
const programs = new Map<string, ParseResult>();

/** What an expression of a policy may name. */
function environment(): Environment {
  shared ??= ['object', 'oldObject', 'request', 'params', 'namespaceObject', 'variables'].reduce(
    (known, name) => known.registerVariable(name, 'dyn'),
    createCelEnvironment(),
  );
  return shared;
}

/** Throws what the expression throws. */
export function evaluate(expression: string, names: JsonObject): unknown {
  let program = programs.get(expression);
  if (program === undefined) programs.set(expression, (program = environment().parse(expression)));
  return program(names);
}

/** A place of a policy at which an expression stands, and what it must give. */
interface PlacedExpression {
  readonly field: string;
  readonly expression: string;
  readonly result: 'bool' | 'string' | 'any';
}

/** Every expression of a policy's spec. */
export function expressionsOf(policy: JsonObject): PlacedExpression[] {
  const listed = (list: string, key: string, result: PlacedExpression['result']): PlacedExpression[] =>
    objectsOf(at(policy, 'spec', list)).flatMap((entry, index) => {
      const expression = textOf(entry[key]);
      return expression === '' ? [] : [{ field: `spec.${list}[${index}].${key}`, expression, result }];
    });
  return [
    ...listed('matchConditions', 'expression', 'bool'),
    ...listed('variables', 'expression', 'any'),
    ...listed('validations', 'expression', 'bool'),
    ...listed('validations', 'messageExpression', 'string'),
  ];
}

/** Fault of an expression's own text (syntax, types, functions that are not there), or undefined. */
export function expressionFault({ expression, result }: PlacedExpression): string | undefined {
  const checked = environment().check(expression);
  if (!checked.valid)
    return `compilation failed: ${messageOf(checked.error ?? new Error('unknown error')).split('\n')[0]}`;
  if (result === 'any' || checked.type === result || checked.type === 'dyn') return undefined;
  return `must evaluate to ${result}`;
}

/**
 * JSON as an expression sees it: whole numbers are `int`; numbers that no CEL integer holds stay as they are. Names
 * of fields are not escaped, since objects of policies have no declared type.
 */
export function toDynamic(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toDynamic);
  if (isObject(value))
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, member]) => member !== undefined)
        .map(([name, member]) => [name, toDynamic(member)]),
    );
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
}
