import { areEqual } from '../python/equality.js';
import { boundArguments, PythonFunction } from '../python/functions.js';
import { IterableObject, iteratorOf, notIterable, sizeOf } from '../python/sequences.js';
import { typeError } from '../python/template-error.js';
import type { Callable } from '../python/values.js';
import { Tuple, Undefined, type Keywords, type Value } from '../python/values.js';

/** Renders the body of a recursive loop for other items. */
export type Recursion = (items: Value, depth: number) => string;

/** What a loop's body sees as `loop`. It reads one item ahead, where the template asks for it. */
export class LoopContext extends IterableObject implements Callable {
  readonly typeName = 'LoopContext';
  private readonly iterator: Iterator<Value>;
  private knownLength: number | undefined;
  private at = -1;
  private current: Value | undefined;
  private before: Value | undefined;
  private readonly ahead: Value[] = [];
  private lastChanged: Tuple | undefined;

  constructor(
    private readonly items: Value,
    private readonly recursion?: Recursion,
    private readonly depth0 = 0,
  ) {
    super();
    const iterator = iteratorOf(items);
    if (!iterator) throw notIterable(items);
    this.iterator = iterator;
  }

  /** The next item; undefined at the end. */
  next(): Value | undefined {
    const item = this.ahead.length > 0 ? this.ahead.shift() : this.read();
    if (item === undefined) return undefined;
    this.at++;
    this.before = this.current;
    this.current = item;
    return item;
  }

  *iterate(): Generator<Value> {
    for (let item = this.next(); item !== undefined; item = this.next()) yield new Tuple([item, this]);
  }

  get size(): number {
    this.knownLength ??= sizeOf(this.items) ?? this.at + 1 + this.readAll();
    return this.knownLength;
  }

  override print(): string {
    return `<LoopContext ${this.at + 1}/${this.size}>`;
  }

  override attribute(name: string): Value | undefined {
    switch (name) {
      case 'index0':
        return BigInt(this.at);
      case 'index':
        return BigInt(this.at + 1);
      case 'revindex0':
        return BigInt(this.size - this.at - 1);
      case 'revindex':
        return BigInt(this.size - this.at);
      case 'first':
        return this.at === 0;
      case 'last':
        return this.peek() === undefined;
      case 'length':
        return BigInt(this.size);
      case 'depth0':
        return BigInt(this.depth0);
      case 'depth':
        return BigInt(this.depth0 + 1);
      case 'previtem':
        if (this.at > 0) return this.before;
        return new Undefined(() => 'there is no previous item');
      case 'nextitem':
        return this.peek() === undefined ? new Undefined(() => 'there is no next item') : this.ahead[0];
      case 'cycle':
        return new PythonFunction('cycle', (items, keywords) =>
          this.cycle(unnamed('cycle', items, keywords)),
        );
      case 'changed':
        return new PythonFunction('changed', (values, keywords) =>
          this.hasChanged(new Tuple(unnamed('changed', values, keywords))),
        );
      default:
        return undefined;
    }
  }

  call(args: readonly Value[], keywords: Keywords): Value {
    const [items] = boundArguments('loop', ['iterable'], args, keywords);
    if (!this.recursion)
      throw typeError("The loop must have the 'recursive' marker to be called recursively.");
    return this.recursion(items!, this.depth0 + 1);
  }

  private read(): Value | undefined {
    const next = this.iterator.next();
    return next.done ? undefined : next.value;
  }

  private readAll(): number {
    for (let item = this.read(); item !== undefined; item = this.read()) this.ahead.push(item);
    return this.ahead.length;
  }

  private peek(): Value | undefined {
    if (this.ahead.length === 0) {
      const item = this.read();
      if (item !== undefined) this.ahead.push(item);
    }
    return this.ahead[0];
  }

  private cycle(items: readonly Value[]): Value {
    if (items.length === 0) throw typeError('no items for cycling given');
    return items[this.at % items.length]!;
  }

  private hasChanged(values: Tuple): boolean {
    if (this.lastChanged && areEqual(this.lastChanged, values)) return false;
    this.lastChanged = values;
    return true;
  }
}

function unnamed(name: string, args: readonly Value[], keywords: Keywords): readonly Value[] {
  const [keyword] = keywords.keys();
  if (keyword === undefined) return args;
  throw typeError(`LoopContext.${name}() got an unexpected keyword argument '${keyword}'`);
}
