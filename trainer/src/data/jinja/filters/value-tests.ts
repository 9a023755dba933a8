import { areEqual, isOrdered } from '../python/equality.js';
import { boundArguments, type Parameter } from '../python/functions.js';
import { integerOf, isFloat, numberOf } from '../python/numbers.js';
import { calculated } from '../python/operators.js';
import { contains, iteratorOf } from '../python/sequences.js';
import { isLower, isUpper } from '../python/text-classes.js';
import { textOf } from '../python/text-of.js';
import { Dict } from '../python/dict.js';
import {
  isList,
  isText,
  Markup,
  PythonObject,
  Range,
  Tuple,
  Undefined,
  type Keywords,
  type Value,
} from '../python/values.js';

interface Test {
  readonly parameters: readonly Parameter[];
  readonly passes: (value: Value, argument: Value) => boolean;
}

const plain = (passes: (value: Value) => boolean): Test => ({ parameters: [], passes });
const binary = (passes: (value: Value, argument: Value) => boolean): Test => ({ parameters: ['b'], passes });

const equal = binary(areEqual);
const unequal = binary((a, b) => !areEqual(a, b));
const less = binary((a, b) => isOrdered('<', a, b));
const lessOrEqual = binary((a, b) => isOrdered('<=', a, b));
const greater = binary((a, b) => isOrdered('>', a, b));
const greaterOrEqual = binary((a, b) => isOrdered('>=', a, b));

/** jinja2's tests, but those of filters' and tests' names. */
export const TESTS: Readonly<Record<string, Test>> = {
  odd: plain((value) => areEqual(calculated('%', value, 2n), 1n)),
  even: plain((value) => areEqual(calculated('%', value, 2n), 0n)),
  divisibleby: {
    parameters: ['num'],
    passes: (value, divisor) => areEqual(calculated('%', value, divisor), 0n),
  },
  defined: plain((value) => !(value instanceof Undefined)),
  undefined: plain((value) => value instanceof Undefined),
  none: plain((value) => value === null),
  boolean: plain((value) => typeof value === 'boolean'),
  true: plain((value) => value === true),
  false: plain((value) => value === false),
  integer: plain((value) => typeof value === 'bigint'),
  float: plain(isFloat),
  number: plain((value) => numberOf(value) !== undefined),
  string: plain(isText),
  mapping: plain((value) => value instanceof Dict),
  sequence: plain(
    (value) =>
      isText(value) ||
      isList(value) ||
      value instanceof Tuple ||
      value instanceof Dict ||
      value instanceof Range ||
      value instanceof Undefined,
  ),
  iterable: plain((value) => iteratorOf(value) !== undefined),
  callable: plain(isCallable),
  lower: plain((value) => isLower(textOf(value))),
  upper: plain((value) => isUpper(textOf(value))),
  escaped: plain((value) => value instanceof Markup),
  sameas: { parameters: ['other'], passes: isSameObject },
  in: { parameters: ['seq'], passes: (value, sequence) => contains(sequence, value) },
  '==': equal,
  eq: equal,
  equalto: equal,
  '!=': unequal,
  ne: unequal,
  '<': less,
  lt: less,
  lessthan: less,
  '<=': lessOrEqual,
  le: lessOrEqual,
  '>': greater,
  gt: greater,
  greaterthan: greater,
  '>=': greaterOrEqual,
  ge: greaterOrEqual,
};

export function passesTest(name: string, value: Value, args: readonly Value[], keywords: Keywords): boolean {
  const test = TESTS[name]!;
  const [argument = null] = boundArguments(name, test.parameters, args, keywords);
  return test.passes(value, argument);
}

export function isCallable(value: Value): boolean {
  return value instanceof Undefined || (value instanceof PythonObject && 'call' in value);
}

/** Python keeps one object of each small integer and of equal texts of a template. */
function isSameObject(a: Value, b: Value): boolean {
  if (integerOf(a) !== undefined || integerOf(b) !== undefined) return typeof a === typeof b && a === b;
  return a === b;
}
