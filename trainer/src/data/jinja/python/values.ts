import type { Dict } from './dict.js';
import { TemplateError, type ErrorKind } from './template-error.js';

/**
 * A value of Python: null is None, a bigint an int, a number a float, an array a list. Nothing that a template reaches can be changed
 * but a {@link Namespace}.
 */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | readonly Value[]
  | WrittenFloat
  | Markup
  | Tuple
  | Dict
  | DictView
  | Range
  | Lazy
  | Undefined
  | Namespace
  | PythonObject;

export type Keywords = ReadonlyMap<string, Value>;

/** A float of the data whose digits Python would print differently, as `1.10`: a text of the data stays what the file says. */
export class WrittenFloat {
  readonly value: number;

  constructor(readonly digits: string) {
    this.value = Number(digits);
  }
}

/** What the filters `safe` and `escape` return: a text that escapes what is added to it. */
export class Markup {
  constructor(readonly text: string) {}
}

export class Tuple {
  /** @param fields names of the items, of a named tuple */
  constructor(
    readonly items: readonly Value[],
    readonly fields: readonly string[] = [],
  ) {}
}

export class DictView {
  constructor(
    readonly dict: Dict,
    readonly kind: 'dict_keys' | 'dict_values' | 'dict_items',
  ) {}
}

export class Range {
  readonly length: number;

  constructor(
    readonly start: bigint,
    readonly stop: bigint,
    readonly step: bigint,
  ) {
    const distance = step > 0n ? stop - start : start - stop;
    const width = step > 0n ? step : -step;
    this.length = distance > 0n ? Number((distance + width - 1n) / width) : 0;
  }

  at(index: number): bigint {
    return this.start + BigInt(index) * this.step;
  }
}

/** An iterator of Python: its items can be read once. */
export class Lazy {
  constructor(
    readonly typeName: string,
    readonly items: Iterator<Value>,
  ) {}
}

/** What a name or field that is not there gives. It prints nothing, and most other uses are errors. */
export class Undefined {
  constructor(
    private readonly message: () => string,
    private readonly kind: ErrorKind = 'UndefinedError',
  ) {}

  fail(): never {
    throw new TemplateError(this.kind, this.message());
  }
}

export class Namespace {
  constructor(readonly attributes: Dict) {}
}

/** A thing with attributes that a template can read and, perhaps, call: a function, a macro, a loop. */
export abstract class PythonObject {
  abstract readonly typeName: string;

  /** Python's attribute; undefined when there is none. */
  attribute(_name: string): Value | undefined {
    return undefined;
  }

  /** What it prints; undefined when that holds an address in memory. */
  print(): string | undefined {
    return undefined;
  }
}

/** An object that can be called. */
export abstract class Callable extends PythonObject {
  abstract call(args: readonly Value[], keywords: Keywords): Value;
}

export function isText(value: Value): value is string | Markup {
  return typeof value === 'string' || value instanceof Markup;
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** The characters of a text. */
export function plainText(value: string | Markup): string {
  return typeof value === 'string' ? value : value.text;
}
