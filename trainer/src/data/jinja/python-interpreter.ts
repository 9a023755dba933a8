import { Interpreter, type Environment } from '@huggingface/jinja';
import { appliedFilter } from './filters.js';
import { formatPercent, stringMethod } from './string-methods.js';
import {
  areEqual,
  entriesOf,
  isList,
  isNumber,
  itemsOf,
  listOf,
  textOf,
  valueOf,
  type Value,
} from './values.js';

/** A template that does not come to an end. */
export class TemplateBudgetError extends Error {
  override readonly name = 'TemplateBudgetError';
}

/** A node of the parsed template; which fields it has depends on its type. */
export interface Node {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Nodes that one rendering may evaluate: a hundred times what the longest published template needs for a turn. */
const MAX_NODES = 5_000_000;
const MAX_SECONDS = 5;
const MAX_TEXT = 64 * 1024 * 1024;
const SILENT: ReadonlySet<string> = new Set(['Set', 'Macro', 'Comment', 'Break', 'Continue']);

/** What the library's class has beside its declared members. */
interface Evaluator {
  evaluate(node: Node | undefined, environment: Environment): Value;
  evaluateArguments(nodes: unknown, environment: Environment): [Value[], Map<string, Value>];
  evaluateBinaryExpression(node: Node, environment: Environment): Value;
  evaluateMemberExpression(node: Node, environment: Environment): Value;
  evaluateFor(node: Node, environment: Environment): Value;
  evaluateTestExpression(node: Node, environment: Environment): Value;
  applyFilter(operand: Value, node: Node, environment: Environment): Value;
  run(program: unknown): { readonly value: unknown };
}

const Base = Interpreter as unknown as new (environment: Environment) => Evaluator;

/**
 * The library's interpreter where it does what Python does, and Python's way where it does not: how values are printed,
 * compared and joined, methods and filters that published templates use, and an end to endless templates.
 */
export class PythonInterpreter extends Base {
  private nodes = 0;
  private readonly deadline = performance.now() + MAX_SECONDS * 1000;

  override evaluate(node: Node | undefined, environment: Environment): Value {
    // The bounds of a slice may be left out.
    if (node === undefined) return valueOf(undefined);
    if (node.type === KNOWN) return node['value'] as Value;
    if (++this.nodes > MAX_NODES || (this.nodes % 4096 === 0 && performance.now() > this.deadline))
      throw new TemplateBudgetError(`is not done after ${MAX_SECONDS} seconds or ${MAX_NODES} operations`);
    return super.evaluate(node, environment);
  }

  /** Python prints None, True and lists its own way. */
  evaluateBlock(statements: readonly Node[], environment: Environment): Value {
    let text = '';
    for (const statement of statements) {
      const value = this.evaluate(statement, environment);
      if (!SILENT.has(statement.type)) text = checked(text + textOf(value));
    }
    return valueOf(text);
  }

  override evaluateBinaryExpression(node: Node, environment: Environment): Value {
    const operator = (node['operator'] as { value: string }).value;
    const left = this.evaluate(node['left'] as Node, environment);
    if (operator === 'and' && !left.__bool__().value) return left;
    if (operator === 'or' && left.__bool__().value) return left;
    const right = this.evaluate(node['right'] as Node, environment);
    return (
      binary(operator, left, right) ??
      super.evaluateBinaryExpression({ ...node, left: known(left), right: known(right) }, environment)
    );
  }

  override evaluateMemberExpression(node: Node, environment: Environment): Value {
    const object = this.evaluate(node['object'] as Node, environment);
    const property = node['property'] as Node;
    if (object.type === 'UndefinedValue') throw new Error(`${nameOf(node['object'] as Node)} is undefined`);
    const copy = { ...node, object: known(object) };
    if (node['computed'] && property.type === 'SliceExpression')
      return super.evaluateMemberExpression(copy, environment);
    const key = node['computed'] ? this.evaluate(property, environment) : undefined;
    const name = key === undefined ? property['value'] : key.value;
    if (object.type === 'StringValue') {
      const text = object.value as string;
      if (typeof name === 'number') {
        const character = Array.from(text).at(name);
        return valueOf(character);
      }
      const method = stringMethod(text, String(name));
      if (method) return valueOf(method);
    }
    if (isList(object) && (name === 'index' || name === 'count')) return listMethod(object, name);
    if (object.type === 'ObjectValue') {
      if (typeof name !== 'string') return valueOf(undefined);
      const loop = entriesOf(object);
      const at = loop.get('index0');
      if (name === 'cycle' && at && loop.has('revindex0'))
        return valueOf((...items: readonly unknown[]) => items[Number(at.value) % items.length]);
    }
    return super.evaluateMemberExpression(
      key === undefined ? copy : { ...copy, property: known(key) },
      environment,
    );
  }

  override evaluateTestExpression(node: Node, environment: Environment): Value {
    const operand = this.evaluate(node['operand'] as Node, environment);
    const passes = testOf(String((node['test'] as Node)['value']), operand);
    if (passes !== undefined) return valueOf(passes !== Boolean(node['negate']));
    return super.evaluateTestExpression({ ...node, operand: known(operand) }, environment);
  }

  /** A text has characters, and nothing has nothing. */
  override evaluateFor(node: Node, environment: Environment): Value {
    const iterable = node['iterable'] as Node;
    const isSelect = iterable.type === 'SelectExpression';
    const value = this.evaluate(isSelect ? (iterable['lhs'] as Node) : iterable, environment);
    const items = known(iterated(value));
    return super.evaluateFor(
      { ...node, iterable: isSelect ? { ...iterable, lhs: items } : items },
      environment,
    );
  }

  override applyFilter(operand: Value, node: Node, environment: Environment): Value {
    const isCall = node.type === 'CallExpression';
    const name = String((isCall ? (node['callee'] as Node) : node)['value']);
    const [args, named] = isCall
      ? this.evaluateArguments(node['args'], environment)
      : [[], new Map<string, Value>()];
    const apply = (item: Value, filter: string, rest: readonly Value[]): Value =>
      appliedFilter(item, filter, { args: rest, named: new Map(), apply, tests: environment.tests }) ??
      super.applyFilter(
        item,
        rest.length === 0
          ? { type: 'Identifier', value: filter }
          : { type: 'CallExpression', callee: { type: 'Identifier', value: filter }, args: rest.map(known) },
        environment,
      );
    return (
      appliedFilter(operand, name, { args, named, apply, tests: environment.tests }) ??
      super.applyFilter(operand, node, environment)
    );
  }
}

const KNOWN = 'KnownValue';
/** A node that is evaluated already. */
function known(value: Value): Node {
  return { type: KNOWN, value };
}

/** Tests that the library decides otherwise than Python. */
function testOf(name: string, operand: Value): boolean | undefined {
  switch (name) {
    case 'iterable':
    case 'sequence':
      return operand.type === 'StringValue' || operand.type === 'ObjectValue' || isList(operand)
        ? true
        : undefined;
    case 'number':
      return isNumber(operand);
    case 'float':
      return operand.type === 'FloatValue';
    default:
      return undefined;
  }
}

function iterated(value: Value): Value {
  if (value.type === 'StringValue') return valueOf(Array.from(value.value as string));
  if (value.type === 'UndefinedValue') return valueOf([]);
  // The library unpacks lists only.
  return isList(value) && itemsOf(value).some(({ type }) => type === 'TupleValue')
    ? listOf(itemsOf(value).map((item) => (item.type === 'TupleValue' ? listOf(itemsOf(item)) : item)))
    : value;
}

function binary(operator: string, left: Value, right: Value): Value | undefined {
  switch (operator) {
    case 'and':
    case 'or':
      return right;
    case '==':
      return valueOf(areEqual(left, right));
    case '!=':
      return valueOf(!areEqual(left, right));
    case '~':
      return valueOf(checked(textOf(left) + textOf(right)));
    case 'in':
      return isIn(left, right);
    case 'not in': {
      const found = isIn(left, right);
      return found && valueOf(!found.value);
    }
    default:
      return arithmetic(operator, left, right);
  }
}

function arithmetic(operator: string, left: Value, right: Value): Value | undefined {
  const isText = left.type === 'StringValue';
  if (operator === '%' && isText) return valueOf(checked(formatPercent(left.value as string, right)));
  if (operator === '+' && isText !== (right.type === 'StringValue'))
    throw new Error('only a text can be added to a text with "+"; "~" adds anything');
  if (operator === '+' && isText) return valueOf(checked(textOf(left) + textOf(right)));
  if (operator === '*' && right.type === 'IntegerValue') {
    const times = Math.max(0, Number(right.value));
    if (isText) {
      if (times * String(left.value).length > MAX_TEXT) throw tooLong();
      return valueOf(String(left.value).repeat(times));
    }
    if (isList(left)) {
      if (times * itemsOf(left).length > 100_000) throw tooLong();
      return listOf(Array.from({ length: times }, () => itemsOf(left)).flat());
    }
  }
  const areTexts = isText && right.type === 'StringValue';
  if (areTexts || (isNumber(left) && isNumber(right))) {
    const [a, b] = areTexts
      ? [String(left.value), String(right.value)]
      : [Number(left.value), Number(right.value)];
    if (operator === '<') return valueOf(a < b);
    if (operator === '<=') return valueOf(a <= b);
    if (operator === '>') return valueOf(a > b);
    if (operator === '>=') return valueOf(a >= b);
    if (operator === '%' && left.type === 'IntegerValue' && right.type === 'IntegerValue')
      return valueOf(((Number(a) % Number(b)) + Number(b)) % Number(b));
  }
  return undefined;
}

function isIn(left: Value, right: Value): Value | undefined {
  if (right.type === 'UndefinedValue') return valueOf(false);
  if (isList(right)) return valueOf(itemsOf(right).some((item) => areEqual(item, left)));
  if (right.type === 'ObjectValue')
    return valueOf(left.type === 'StringValue' && entriesOf(right).has(left.value as string));
  return undefined;
}

function listMethod(list: Value, name: 'index' | 'count'): Value {
  return valueOf((wanted: unknown) => {
    const items = itemsOf(list);
    const matches = (item: Value) => item.value === wanted;
    if (name === 'count') return items.filter(matches).length;
    const at = items.findIndex(matches);
    if (at < 0) throw new Error('the item is not in the list');
    return at;
  });
}

function nameOf(node: Node): string {
  return node.type === 'Identifier' ? `'${String(node['value'])}'` : 'a value that the template reads from';
}

function checked(text: string): string {
  if (text.length > MAX_TEXT) throw tooLong();
  return text;
}

function tooLong(): TemplateBudgetError {
  return new TemplateBudgetError(`writes more than ${MAX_TEXT} characters`);
}
