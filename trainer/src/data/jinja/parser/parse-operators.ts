import type { Expression } from './nodes.js';
import type { Comparator, Operator } from '../python/operators.js';
import type { TokenStream } from './token-stream.js';

type Parse = (stream: TokenStream) => Expression;

const COMPARATORS: readonly Comparator[] = ['==', '!=', '<', '<=', '>', '>='];

/** Operators in the order of their precedence, from "or". */
export function parseOperators(stream: TokenStream, parseOperand: Parse): Expression {
  let left = parseAnd(stream, parseOperand);
  while (stream.skipIf('name:or'))
    left = { type: 'Binary', operator: 'or', left, right: parseAnd(stream, parseOperand) };
  return left;
}

function parseAnd(stream: TokenStream, parseOperand: Parse): Expression {
  let left = parseNot(stream, parseOperand);
  while (stream.skipIf('name:and'))
    left = { type: 'Binary', operator: 'and', left, right: parseNot(stream, parseOperand) };
  return left;
}

function parseNot(stream: TokenStream, parseOperand: Parse): Expression {
  return stream.skipIf('name:not')
    ? { type: 'Not', value: parseNot(stream, parseOperand) }
    : parseCompare(stream, parseOperand);
}

function parseCompare(stream: TokenStream, parseOperand: Parse): Expression {
  const first = parseSum(stream, parseOperand);
  const rest: { comparator: Comparator; value: Expression }[] = [];
  for (let comparator = nextComparator(stream); comparator; comparator = nextComparator(stream))
    rest.push({ comparator, value: parseSum(stream, parseOperand) });
  return rest.length === 0 ? first : { type: 'Compare', first, rest };
}

function nextComparator(stream: TokenStream): Comparator | undefined {
  const { kind, text } = stream.current;
  if (kind === 'operator' && (COMPARATORS as readonly string[]).includes(text)) {
    stream.next();
    return text as Comparator;
  }
  if (stream.skipIf('name:in')) return 'in';
  if (!stream.is('name:not') || !stream.aheadIs('name:in')) return undefined;
  stream.next();
  stream.next();
  return 'not in';
}

function binaryOf(stream: TokenStream, operators: readonly Operator[], parse: () => Expression): Expression {
  let left = parse();
  while (
    stream.current.kind === 'operator' &&
    (operators as readonly string[]).includes(stream.current.text)
  ) {
    const operator = stream.next().text as Operator;
    left = { type: 'Binary', operator, left, right: parse() };
  }
  return left;
}

function parseSum(stream: TokenStream, parseOperand: Parse): Expression {
  return binaryOf(stream, ['+', '-'], () => parseConcat(stream, parseOperand));
}

function parseConcat(stream: TokenStream, parseOperand: Parse): Expression {
  const parts = [parseProduct(stream, parseOperand)];
  while (stream.skipIf('operator:~')) parts.push(parseProduct(stream, parseOperand));
  return parts.length === 1 ? parts[0]! : { type: 'Concat', parts };
}

function parseProduct(stream: TokenStream, parseOperand: Parse): Expression {
  return binaryOf(stream, ['*', '/', '//', '%'], () => parsePower(stream, parseOperand));
}

function parsePower(stream: TokenStream, parseOperand: Parse): Expression {
  return binaryOf(stream, ['**'], () => parseOperand(stream));
}
