import type { Arguments, Expression, FilterExpression } from './nodes.js';
import { parseOperators } from './parse-operators.js';
import { writtenInteger } from '../python/numbers.js';
import { unsupported } from '../python/template-error.js';
import { described, type Expected, type TokenStream } from './token-stream.js';
import type { Token } from './tokens.js';

export const CONSTANTS: ReadonlyMap<string, null | boolean> = new Map([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null],
]);

const NO_ARGUMENTS: Arguments = { positional: [], named: [], rest: undefined, keywords: undefined };

export function parseExpression(stream: TokenStream): Expression {
  let yes = parseOperators(stream, parseUnary);
  let line = stream.current.line;
  while (stream.skipIf('name:if')) {
    const test = parseOperators(stream, parseUnary);
    const otherwise = stream.skipIf('name:else') ? parseExpression(stream) : undefined;
    yes = { type: 'Conditional', line, test, yes, otherwise };
    line = stream.current.line;
  }
  return yes;
}

/** An expression or, with commas, a tuple, as in `{{ }}`. */
export function parseTuple(stream: TokenStream): Expression {
  return tupleOf(stream, () => parseExpression(stream), []);
}

/** The same without `a if b else c`, as behind `in` and `if`. */
export function parseUnconditional(stream: TokenStream, ends: readonly Expected[]): Expression {
  return tupleOf(stream, () => parseOperators(stream, parseUnary), ends);
}

/** @param parse an item */
export function tupleOf(
  stream: TokenStream,
  parse: () => Expression,
  ends: readonly Expected[],
  isInParentheses = false,
): Expression {
  const items: Expression[] = [];
  let isTuple = false;
  for (;;) {
    if (items.length > 0) stream.expect('operator:,');
    if (stream.is('variable_end', 'block_end', 'operator:)', ...ends)) break;
    items.push(parse());
    if (!stream.is('operator:,')) break;
    isTuple = true;
  }
  if (!isTuple && items[0]) return items[0];
  if (!isTuple && !isInParentheses)
    throw stream.error(`Expected an expression, got '${described(stream.current)}'`);
  return { type: 'Tuple', items };
}

/** A sign binds less than a field and more than a filter. */
function parseUnary(stream: TokenStream): Expression {
  return filtered(stream, parseSigned(stream));
}

function parseSigned(stream: TokenStream): Expression {
  for (const operator of ['-', '+'] as const) {
    if (stream.skipIf(`operator:${operator}`))
      return parsePostfix(stream, { type: 'Sign', operator, value: parseSigned(stream) });
  }
  return parsePostfix(stream, parsePrimary(stream));
}

export function parsePrimary(stream: TokenStream, allowsField?: true): Expression {
  const token = stream.current;
  switch (token.kind) {
    case 'name':
      stream.next();
      return nameOf(stream, token, allowsField);
    case 'string': {
      let text = '';
      while (stream.is('string')) text += stream.next().text;
      return { type: 'Constant', value: text };
    }
    case 'integer':
    case 'float':
      stream.next();
      return { type: 'Constant', value: numberOf(token) };
    default:
  }
  if (stream.skipIf('operator:(')) {
    const inner = tupleOf(stream, () => parseExpression(stream), [], true);
    stream.expect('operator:)');
    return inner;
  }
  if (stream.skipIf('operator:[')) {
    const items = listOf(stream, 'operator:]', () => parseExpression(stream));
    return { type: 'List', items };
  }
  if (stream.skipIf('operator:{')) {
    const entries = listOf(stream, 'operator:}', () => {
      const key = parseExpression(stream);
      stream.expect('operator::');
      return [key, parseExpression(stream)] as const;
    });
    return { type: 'Dict', entries };
  }
  throw stream.error(`unexpected '${described(token)}'`);
}

function nameOf(stream: TokenStream, { text }: Token, allowsField?: true): Expression {
  const constant = CONSTANTS.get(text);
  if (constant !== undefined) return { type: 'Constant', value: constant };
  if (!allowsField || !stream.skipIf('operator:.')) return { type: 'Name', name: text, use: 'load' };
  return { type: 'NamespaceField', name: text, field: stream.expect('name').text };
}

function numberOf({ kind, text }: Token): bigint | number {
  const digits = text.replaceAll('_', '');
  return kind === 'float' ? Number(digits) : writtenInteger(digits.toLowerCase());
}

function listOf<T>(stream: TokenStream, end: Expected, parse: () => T): T[] {
  const items: T[] = [];
  while (!stream.is(end)) {
    if (items.length > 0) stream.expect('operator:,');
    if (stream.is(end)) break;
    items.push(parse());
  }
  stream.expect(end);
  return items;
}

function parsePostfix(stream: TokenStream, begin: Expression): Expression {
  let node = begin;
  for (;;) {
    if (stream.skipIf('operator:.')) node = parseAttribute(stream, node);
    else if (stream.skipIf('operator:[')) node = parseSubscript(stream, node);
    else if (stream.is('operator:(')) node = { type: 'Call', callee: node, args: parseArguments(stream) };
    else return node;
  }
}

function parseAttribute(stream: TokenStream, object: Expression): Expression {
  const token = stream.next();
  if (token.kind === 'name') return { type: 'Attribute', object, name: token.text };
  if (token.kind !== 'integer') throw stream.error('expected name or number', token.line);
  return { type: 'Subscript', object, key: { type: 'Constant', value: numberOf(token) } };
}

type Subscribed = { readonly key: Expression } | { readonly bounds: readonly (Expression | undefined)[] };

function parseSubscript(stream: TokenStream, object: Expression): Expression {
  const parts = listOf(stream, 'operator:]', () => parseSubscribed(stream));
  const [only] = parts;
  if (parts.length === 1 && only)
    return 'key' in only
      ? { type: 'Subscript', object, key: only.key }
      : { type: 'Slice', object, bounds: only.bounds };
  const items = parts.map((part) => {
    if ('key' in part) return part.key;
    throw unsupported('a slice beside a comma');
  });
  return { type: 'Subscript', object, key: { type: 'Tuple', items } };
}

function parseSubscribed(stream: TokenStream): Subscribed {
  const bound = () =>
    stream.is('operator::', 'operator:]', 'operator:,') ? undefined : parseExpression(stream);
  const start = bound();
  if (!stream.skipIf('operator::')) return { key: start ?? parseExpression(stream) };
  const stop = bound();
  const step = stream.skipIf('operator::') ? bound() : undefined;
  return { bounds: [start, stop, step] };
}

function filtered(stream: TokenStream, begin: Expression): Expression {
  let node = begin;
  for (;;) {
    if (stream.is('operator:|')) node = parseFilters(stream, node)!;
    else if (stream.skipIf('name:is')) node = parseTest(stream, node);
    else if (stream.is('operator:(')) node = { type: 'Call', callee: node, args: parseArguments(stream) };
    else return node;
  }
}

/** The filters behind a value, or at the begin of a block. */
export function parseFilters(stream: TokenStream, begin: Expression | undefined): Expression | undefined {
  let node = begin;
  while (stream.skipIf('operator:|')) node = parseFilter(stream, node);
  return node;
}

export function parseFilter(stream: TokenStream, value: Expression | undefined): FilterExpression {
  const { line } = stream.current;
  const name = dottedName(stream);
  const args = stream.is('operator:(') ? parseArguments(stream) : NO_ARGUMENTS;
  return { type: 'Filter', value, name, line, args };
}

function dottedName(stream: TokenStream): string {
  let name = stream.expect('name').text;
  while (stream.skipIf('operator:.')) name += `.${stream.expect('name').text}`;
  return name;
}

function parseTest(stream: TokenStream, value: Expression): Expression {
  const { line } = stream.current;
  const isNegated = stream.skipIf('name:not');
  const name = dottedName(stream);
  const test: Expression = { type: 'Test', value, name, line, args: testArguments(stream) };
  return isNegated ? { type: 'Not', value: test } : test;
}

function testArguments(stream: TokenStream): Arguments {
  if (stream.is('operator:(')) return parseArguments(stream);
  const hasArgument =
    stream.is('name', 'string', 'integer', 'float', 'operator:[', 'operator:{') &&
    !stream.is('name:else', 'name:or', 'name:and');
  if (!hasArgument) return NO_ARGUMENTS;
  if (stream.is('name:is')) throw stream.error('You cannot chain multiple tests with is');
  return { ...NO_ARGUMENTS, positional: [parsePostfix(stream, parsePrimary(stream))] };
}

function parseArguments(stream: TokenStream): Arguments {
  const { line } = stream.expect('operator:(');
  const positional: Expression[] = [];
  const named: [string, Expression][] = [];
  let [rest, keywords]: [Expression?, Expression?] = [];
  const ensure = (isValid: boolean) => {
    if (!isValid) throw stream.error('invalid syntax for function call expression', line);
  };
  for (let isFirst = true; !stream.is('operator:)'); isFirst = false) {
    if (!isFirst) stream.expect('operator:,');
    if (stream.is('operator:)')) break;
    if (stream.skipIf('operator:*')) {
      ensure(rest === undefined && keywords === undefined);
      rest = parseExpression(stream);
    } else if (stream.skipIf('operator:**')) {
      ensure(keywords === undefined);
      keywords = parseExpression(stream);
    } else if (stream.is('name') && stream.aheadIs('operator:=')) {
      ensure(keywords === undefined);
      const name = stream.next().text;
      stream.next();
      named.push([name, parseExpression(stream)]);
    } else {
      ensure(rest === undefined && keywords === undefined && named.length === 0);
      positional.push(parseExpression(stream));
    }
  }
  stream.expect('operator:)');
  return { positional, named, rest, keywords };
}
