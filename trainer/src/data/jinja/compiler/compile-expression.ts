import { attributeOf, subscriptOf } from '../python/attributes.js';
import { joinedText, spendStep } from '../python/budget.js';
import { Dict } from '../python/dict.js';
import { callFilter, callTest, FILTER_NAMES, TEST_NAMES } from '../filters/filters.js';
import { NO_KEYWORDS } from '../python/functions.js';
import type { Arguments, Expression } from '../parser/nodes.js';
import { calculated, compared, signed } from '../python/operators.js';
import type { Scope } from './scope.js';
import { isTrue, iterate } from '../python/sequences.js';
import { sliced } from '../python/subscripts.js';
import type { Symbols } from './symbols.js';
import { TemplateError, typeError } from '../python/template-error.js';
import { quoted, textOf } from '../python/text-of.js';
import { typeName } from '../python/type-names.js';
import {
  isText,
  plainText,
  PythonObject,
  Tuple,
  Undefined,
  type Callable,
  type Keywords,
  type Value,
} from '../python/values.js';

/** An expression that is ready to be evaluated. */
export type Evaluate = (scope: Scope) => Value;

/** Where an expression or statement stands. */
export interface Frame {
  readonly symbols: Symbols;
  /** A branch that may not be taken: an unknown filter in it is an error when it is. */
  readonly isBranch: boolean;
}

export function compileExpression(node: Expression, frame: Frame): Evaluate {
  const compile = (child: Expression) => compileExpression(child, frame);
  switch (node.type) {
    case 'Constant': {
      const { value } = node;
      return () => value;
    }
    case 'Name':
      return compileName(node.name, frame);
    case 'NamespaceField':
      return compileName(node.name, frame);
    case 'Tuple': {
      const items = node.items.map(compile);
      return (scope) => new Tuple(items.map((item) => item(scope)));
    }
    case 'List': {
      const items = node.items.map(compile);
      return (scope) => items.map((item) => item(scope));
    }
    case 'Dict': {
      const entries = node.entries.map(([key, value]) => [compile(key), compile(value)] as const);
      return (scope) => new Dict(entries.map(([key, value]) => [key(scope), value(scope)] as const));
    }
    case 'Attribute': {
      const [object, { name }] = [compile(node.object), node];
      return (scope) => attributeOf(object(scope), name);
    }
    case 'Subscript': {
      const [object, key] = [compile(node.object), compile(node.key)];
      return (scope) => subscriptOf(object(scope), key(scope));
    }
    case 'Slice': {
      const object = compile(node.object);
      const [start, stop, step] = node.bounds.map((bound) => (bound ? compile(bound) : () => null));
      return (scope) =>
        sliced(object(scope), {
          start: start?.(scope) ?? null,
          stop: stop?.(scope) ?? null,
          step: step?.(scope) ?? null,
        });
    }
    case 'Call': {
      const [callee, args] = [compile(node.callee), compileArguments(node.args, frame)];
      return (scope) => {
        const called = callee(scope);
        const { positional, keywords } = args(scope);
        return callValue(called, positional, keywords);
      };
    }
    case 'Filter':
      return compileFilter(node, frame, node.value ? compile(node.value) : () => '');
    case 'Test': {
      const { name, line } = node;
      if (!frame.isBranch && !TEST_NAMES.has(name)) throw unknownName('test', name, line);
      const [value, args] = [compile(node.value), compileArguments(node.args, frame)];
      return (scope) => {
        const tested = value(scope);
        const { positional, keywords } = args(scope);
        return callTest(name, tested, positional, keywords);
      };
    }
    case 'Not': {
      const value = compile(node.value);
      return (scope) => !isTrue(value(scope));
    }
    case 'Sign': {
      const [value, { operator }] = [compile(node.value), node];
      return (scope) => signed(operator, value(scope));
    }
    case 'Binary':
      return compileBinary(node, compile(node.left), compile(node.right));
    case 'Concat': {
      const parts = node.parts.map(compile);
      return (scope) => joinedText(parts.map((part) => textOf(part(scope))).join(''));
    }
    case 'Compare':
      return compileCompare(node, frame);
    default:
      return compileConditional(node, { ...frame, isBranch: true });
  }
}

function compileName(name: string, { symbols }: Frame): Evaluate {
  const place = symbols.placeOf(name);
  const missing = new Undefined(() => `${quoted(name)} is undefined`);
  if (!place) return () => missing;
  return (scope) => {
    const value = scope.get(place);
    return value === undefined ? missing : value;
  };
}

function compileBinary(
  { operator }: Extract<Expression, { type: 'Binary' }>,
  left: Evaluate,
  right: Evaluate,
): Evaluate {
  if (operator === 'and' || operator === 'or') {
    const goesOn = operator === 'and';
    return (scope) => {
      const value = left(scope);
      return isTrue(value) === goesOn ? right(scope) : value;
    };
  }
  return (scope) => calculated(operator, left(scope), right(scope));
}

function compileCompare(node: Extract<Expression, { type: 'Compare' }>, frame: Frame): Evaluate {
  const first = compileExpression(node.first, frame);
  const rest = node.rest.map(
    ({ comparator, value }) => [comparator, compileExpression(value, frame)] as const,
  );
  return (scope) => {
    let left = first(scope);
    for (const [comparator, value] of rest) {
      const right = value(scope);
      if (!compared(comparator, left, right)) return false;
      left = right;
    }
    return true;
  };
}

function compileConditional(node: Extract<Expression, { type: 'Conditional' }>, frame: Frame): Evaluate {
  const [test, yes] = [compileExpression(node.test, frame), compileExpression(node.yes, frame)];
  const nothing = new Undefined(
    () => `the inline if-expression on line ${node.line} evaluated to false and no else section was defined.`,
  );
  const otherwise = node.otherwise ? compileExpression(node.otherwise, frame) : () => nothing;
  return (scope) => (isTrue(test(scope)) ? yes(scope) : otherwise(scope));
}

/** @param value what is filtered */
export function compileFilter(
  { name, line, args }: Extract<Expression, { type: 'Filter' }>,
  frame: Frame,
  value: Evaluate,
): Evaluate {
  if (!frame.isBranch && !FILTER_NAMES.has(name)) throw unknownName('filter', name, line);
  const compiled = compileArguments(args, frame);
  return (scope) => {
    const filtered = value(scope);
    const { positional, keywords } = compiled(scope);
    return callFilter(name, filtered, positional, keywords);
  };
}

function unknownName(kind: 'filter' | 'test', name: string, line: number): TemplateError {
  return new TemplateError('TemplateSyntaxError', `No ${kind} named ${quoted(name)}. (line ${line})`);
}

interface EvaluatedArguments {
  readonly positional: readonly Value[];
  readonly keywords: Keywords;
}

const NONE: EvaluatedArguments = { positional: [], keywords: NO_KEYWORDS };

export function compileArguments(node: Arguments, frame: Frame): (scope: Scope) => EvaluatedArguments {
  const compile = (child: Expression) => compileExpression(child, frame);
  const positional = node.positional.map(compile);
  const named = node.named.map(([name, value]) => [name, compile(value)] as const);
  const [rest, extra] = [node.rest && compile(node.rest), node.keywords && compile(node.keywords)];
  if (positional.length === 0 && named.length === 0 && !rest && !extra) return () => NONE;
  return (scope) => {
    const values = positional.map((value) => value(scope));
    if (rest) values.push(...iterate(rest(scope)));
    if (named.length === 0 && !extra) return { positional: values, keywords: NO_KEYWORDS };
    const keywords = new Map(named.map(([name, value]) => [name, value(scope)]));
    if (extra) addKeywords(keywords, extra(scope));
    return { positional: values, keywords };
  };
}

function addKeywords(keywords: Map<string, Value>, extra: Value): void {
  if (!(extra instanceof Dict))
    throw typeError(`argument after ** must be a mapping, not ${typeName(extra)}`);
  for (const [name, value] of extra.entries()) {
    if (!isText(name)) throw typeError('keywords must be strings');
    if (keywords.has(plainText(name)))
      throw typeError(`got multiple values for keyword argument '${plainText(name)}'`);
    keywords.set(plainText(name), value);
  }
}

export function callValue(callee: Value, args: readonly Value[], keywords: Keywords): Value {
  spendStep();
  if (callee instanceof Undefined) return callee.fail();
  if (callee instanceof PythonObject && 'call' in callee) return (callee as Callable).call(args, keywords);
  throw typeError(`'${typeName(callee)}' object is not callable`);
}
