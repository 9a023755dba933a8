import { joinedText, MAX_BITS, spendItems, spendText } from './budget.js';
import { areEqual, isOrdered } from './equality.js';
import { escapedText } from './escape.js';
import { formatPercent } from './format-percent.js';
import { integerOf, numberOf } from './numbers.js';
import { contains } from './sequences.js';
import { TemplateBudgetError, TemplateError, typeError, unsupported } from './template-error.js';
import { typeName } from './type-names.js';
import { isList, isText, Markup, plainText, Tuple, Undefined, type Value } from './values.js';

export type Operator = '+' | '-' | '*' | '/' | '//' | '%' | '**';
export type Comparator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in';

/** Python's binary operators. */
export function calculated(operator: Operator, left: Value, right: Value): Value {
  if (operator === '%' && isText(left)) {
    if (left instanceof Markup) throw unsupported('"%" of a safe text');
    return formatPercent(left, right);
  }
  const [a, b] = [numberOf(left), numberOf(right)];
  if (a !== undefined && b !== undefined) return arithmetic(operator, a, b);
  for (const side of [left, right]) if (side instanceof Undefined) return side.fail();
  if (operator === '+') return added(left, right);
  if (operator === '*')
    return repeated(left, right) ?? repeated(right, left) ?? refused(operator, left, right);
  return refused(operator, left, right);
}

function refused(operator: Operator, left: Value, right: Value): never {
  if (operator === '*')
    for (const [sequence, count] of [
      [left, right],
      [right, left],
    ] as const)
      if (isText(sequence) || isList(sequence) || sequence instanceof Tuple)
        throw typeError(`can't multiply sequence by non-int of type '${typeName(count)}'`);
  const name = operator === '**' ? '** or pow()' : operator;
  throw typeError(`unsupported operand type(s) for ${name}: '${typeName(left)}' and '${typeName(right)}'`);
}

function added(left: Value, right: Value): Value {
  if (isText(left) && isText(right)) {
    if (typeof left === 'string' && typeof right === 'string') return joinedText(left + right);
    const html = (side: string | Markup) => (typeof side === 'string' ? escapedText(side) : side.text);
    return new Markup(joinedText(html(left) + html(right)));
  }
  if (isList(left) && isList(right)) {
    spendItems(left.length + right.length);
    return [...left, ...right];
  }
  if (left instanceof Tuple && right instanceof Tuple) {
    spendItems(left.items.length + right.items.length);
    return new Tuple([...left.items, ...right.items]);
  }
  if (isText(left)) throw typeError(`can only concatenate str (not "${typeName(right)}") to str`);
  if (isList(left) || left instanceof Tuple) {
    const name = typeName(left);
    throw typeError(`can only concatenate ${name} (not "${typeName(right)}") to ${name}`);
  }
  return refused('+', left, right);
}

function repeated(sequence: Value, times: Value): Value | undefined {
  const count = integerOf(times);
  if (count === undefined) return undefined;
  const many = count < 0n ? 0 : Number(count);
  if (isText(sequence)) {
    const text = plainText(sequence);
    spendText(many * text.length);
    return typeof sequence === 'string' ? text.repeat(many) : new Markup(text.repeat(many));
  }
  const isTuple = sequence instanceof Tuple;
  if (!isTuple && !isList(sequence)) return undefined;
  const items = isTuple ? sequence.items : sequence;
  spendItems(many * items.length);
  const all = Array.from({ length: items.length === 0 ? 0 : many }, () => items).flat(1);
  return isTuple ? new Tuple(all) : all;
}

function arithmetic(operator: Operator, a: bigint | number, b: bigint | number): bigint | number {
  if (typeof a === 'bigint' && typeof b === 'bigint') return ofIntegers(operator, a, b);
  return ofFloats(operator, floatOf(a), floatOf(b));
}

function floatOf(value: bigint | number): number {
  const float = Number(value);
  if (typeof value === 'bigint' && !Number.isFinite(float))
    throw new TemplateError('OverflowError', 'int too large to convert to float');
  return float;
}

function ofIntegers(operator: Operator, a: bigint, b: bigint): bigint | number {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return bounded(bitsOf(a) + bitsOf(b), () => a * b);
    case '/':
      return quotientOf(a, b);
    case '//':
      if (b === 0n) throw zeroDivision('integer division or modulo by zero');
      return a / b - (a % b !== 0n && a < 0n !== b < 0n ? 1n : 0n);
    case '%': {
      if (b === 0n) throw zeroDivision('integer modulo by zero');
      const rest = a % b;
      return rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest;
    }
    default:
      if (b < 0n) return ofFloats(operator, floatOf(a), floatOf(b));
      return a === 0n || a === 1n || a === -1n
        ? a ** (b % 2n === 0n && b > 0n ? 2n : b > 0n ? 1n : 0n)
        : bounded(bitsOf(a) * Number(b), () => a ** b);
  }
}

function bitsOf(value: bigint): number {
  return (value < 0n ? -value : value).toString(16).length * 4;
}

function bounded(bits: number, calculate: () => bigint): bigint {
  if (!(bits <= MAX_BITS))
    throw new TemplateBudgetError(`calculates an integer of more than ${MAX_BITS} bits`);
  return calculate();
}

function quotientOf(a: bigint, b: bigint): number {
  if (b === 0n) throw zeroDivision('division by zero');
  const [left, right] = [Number(a), Number(b)];
  if (Number.isSafeInteger(left) && Number.isSafeInteger(right)) return left / right;
  // 64 bits of the quotient, and one that says whether anything is left, are rounded once.
  const shift = Math.max(0, 65 + bitsOf(b) - bitsOf(a));
  const scaled = a << BigInt(shift);
  const quotient = scaled / b;
  const rest = scaled % b === 0n ? 0n : 1n;
  return floatOf(quotient < 0n ? -(-quotient | rest) : quotient | rest) / 2 ** shift;
}

function ofFloats(operator: Operator, a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      if (b === 0) throw zeroDivision('float division by zero');
      return a / b;
    case '//':
      if (b === 0) throw zeroDivision('float floor division by zero');
      return floorQuotient(a, b);
    case '%':
      if (b === 0) throw zeroDivision('float modulo');
      return floatRest(a, b);
    default:
      return powerOf(a, b);
  }
}

function floatRest(a: number, b: number): number {
  const rest = a % b;
  if (rest === 0) return b < 0 ? -0 : 0;
  return rest < 0 !== b < 0 ? rest + b : rest;
}

function floorQuotient(a: number, b: number): number {
  let rest = a % b;
  let quotient = (a - rest) / b;
  if (rest !== 0 && rest < 0 !== b < 0) {
    rest += b;
    quotient -= 1;
  }
  if (quotient === 0) return a / b < 0 || Object.is(a / b, -0) ? -0 : 0;
  const floor = Math.floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

function powerOf(a: number, b: number): number {
  if (a === 0 && b < 0) throw zeroDivision('0.0 cannot be raised to a negative power');
  if (a === 1 || b === 0) return 1;
  if (!Number.isFinite(a) || !Number.isFinite(b) || a === 0) return a ** b;
  // JavaScript's powers differ in the last digit.
  if (!Number.isInteger(b) || Math.abs(b) > 1000) throw unsupported('a power with a fraction');
  const power = exactPower(a, Math.abs(b));
  if (b > 0) {
    if (!Number.isFinite(power))
      throw new TemplateError('OverflowError', "(34, 'Numerical result out of range')");
    return power;
  }
  if (!Number.isSafeInteger(power)) throw unsupported('a negative power of such a number');
  return 1 / power;
}

/** The power of a float, rounded once. @param exponent a positive integer */
function exactPower(base: number, exponent: number): number {
  let [numerator, halvings] = [base, 0];
  while (!Number.isInteger(numerator)) {
    numerator *= 2;
    halvings++;
  }
  // Half a power of two is five times a tenth.
  const digits = bounded(bitsOf(BigInt(numerator)) * exponent, () => BigInt(numerator) ** BigInt(exponent));
  const places = halvings * exponent;
  return Number(`${digits * 5n ** BigInt(places)}e-${places}`);
}

function zeroDivision(message: string): TemplateError {
  return new TemplateError('ZeroDivisionError', message);
}

/** Python's unary `-` and `+`. */
export function signed(operator: '-' | '+', value: Value): Value {
  const number = numberOf(value);
  if (number !== undefined) return operator === '-' ? -number : number;
  if (value instanceof Undefined) return value.fail();
  throw typeError(`bad operand type for unary ${operator}: '${typeName(value)}'`);
}

export function compared(comparator: Comparator, left: Value, right: Value): boolean {
  switch (comparator) {
    case '==':
      return areEqual(left, right);
    case '!=':
      return !areEqual(left, right);
    case 'in':
      return contains(right, left);
    case 'not in':
      return !contains(right, left);
    default:
      return isOrdered(comparator, left, right);
  }
}

/** Python's `sum`. */
export function sumOf(items: Iterable<Value>, start: Value): Value {
  if (isText(start)) throw typeError("sum() can't sum strings [use ''.join(seq) instead]");
  let sum: Value = start;
  for (const item of items) sum = calculated('+', sum, item);
  return sum;
}
