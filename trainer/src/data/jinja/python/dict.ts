import { typeError, unsupported } from './template-error.js';
import { DictView, Markup, Tuple, Undefined, WrittenFloat, type Value } from './values.js';

/** A dict of Python: keys by equality, in the order in which they came. */
export class Dict {
  private readonly byKey = new Map<unknown, readonly [key: Value, value: Value]>();
  private readonly tuples = new Map<string, Tuple>();

  constructor(entries: Iterable<readonly [Value, Value]> = []) {
    for (const [key, value] of entries) this.set(key, value);
  }

  get size(): number {
    return this.byKey.size;
  }

  /** undefined when the key is not there. */
  get(key: Value): Value | undefined {
    return this.byKey.get(typeof key === 'string' ? key : this.hashed(key))?.[1];
  }

  has(key: Value): boolean {
    return this.byKey.has(this.hashed(key));
  }

  /** For the making of a dict: none that a template has can be changed. */
  set(key: Value, value: Value): void {
    const hash = this.hashed(key);
    const first = this.byKey.get(hash);
    this.byKey.set(hash, [first ? first[0] : key, value]);
  }

  keys(): Value[] {
    return Array.from(this.byKey.values(), ([key]) => key);
  }

  values(): Value[] {
    return Array.from(this.byKey.values(), ([, value]) => value);
  }

  entries(): IterableIterator<readonly [Value, Value]> {
    return this.byKey.values();
  }

  private hashed(key: Value): unknown {
    switch (typeof key) {
      case 'string':
      case 'bigint':
        return key;
      case 'boolean':
        return key ? 1n : 0n;
      case 'number':
        return Number.isInteger(key) ? BigInt(key) : key;
      default:
    }
    if (key instanceof WrittenFloat) return this.hashed(key.value);
    if (key instanceof Markup) return key.text;
    if (key instanceof Undefined) return Undefined;
    if (!isHashable(key)) throw typeError(`unhashable type: '${unhashableName(key)}'`);
    if (!(key instanceof Tuple)) return key;
    const form = key.items.map((item) => formOf(this.hashed(item))).join();
    const known = this.tuples.get(form) ?? key;
    this.tuples.set(form, known);
    return known;
  }
}

/** Equal tuples have one form. */
function formOf(hash: unknown): string {
  if (typeof hash === 'string') return JSON.stringify(hash);
  if (hash === null || typeof hash === 'bigint' || typeof hash === 'number') return String(hash);
  throw unsupported('such a tuple as a key');
}

function unhashableName(key: Value): string {
  if (key instanceof DictView) return key.kind;
  return key instanceof Dict ? 'dict' : 'list';
}

/** Whether values of the class can be keys. */
function isHashable(value: Value): boolean {
  if (value instanceof DictView) return value.kind === 'dict_values';
  return !(Array.isArray(value) || value instanceof Dict);
}
