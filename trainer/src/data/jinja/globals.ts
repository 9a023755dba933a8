import { Dict } from './python/dict.js';
import { formatDate } from './format-date.js';
import { boundArguments, NO_KEYWORDS, PythonFunction } from './python/functions.js';
import { integerOf } from './python/numbers.js';
import { iterate, itemsOf } from './python/sequences.js';
import { TemplateError, typeError, unsupported, valueError } from './python/template-error.js';
import { textOf } from './python/text-of.js';
import { typeName } from './python/type-names.js';
import {
  Callable,
  isText,
  Namespace,
  PythonObject,
  Range,
  type Keywords,
  type Value,
} from './python/values.js';

/** Longest `range` of the sandbox. */
const MAX_RANGE = 100_000;

class Cycler extends PythonObject {
  readonly typeName = 'Cycler';
  private at = 0;

  constructor(private readonly items: readonly Value[]) {
    super();
    if (items.length === 0) throw new TemplateError('RuntimeError', 'at least one item has to be provided');
  }

  override attribute(name: string): Value | undefined {
    switch (name) {
      case 'current':
        return this.items[this.at];
      case 'next':
        return PythonFunction.of(name, [], () => {
          const item = this.items[this.at]!;
          this.at = (this.at + 1) % this.items.length;
          return item;
        });
      case 'reset':
        return PythonFunction.of(name, [], () => {
          this.at = 0;
          return null;
        });
      case 'items':
        throw unsupported('"items" of a cycler');
      case 'pos':
        return BigInt(this.at);
      default:
        return undefined;
    }
  }
}

class Joiner extends Callable {
  readonly typeName = 'Joiner';
  private isUsed = false;

  constructor(private readonly separator: Value) {
    super();
  }

  override attribute(name: string): Value | undefined {
    if (name === 'sep') return this.separator;
    return name === 'used' ? this.isUsed : undefined;
  }

  call(args: readonly Value[], keywords: Keywords): Value {
    boundArguments('joiner', [], args, keywords);
    if (this.isUsed) return this.separator;
    this.isUsed = true;
    return '';
  }
}

/** The functions of jinja2, and those that transformers adds. */
export function globalsAt(now: Date): ReadonlyMap<string, Value> {
  return new Map<string, Value>([
    ...GLOBALS,
    [
      'strftime_now',
      PythonFunction.of('strftime_now', ['format'], (format) => {
        if (!isText(format)) throw typeError(`strftime() argument 1 must be str, not ${typeName(format)}`);
        return formatDate(now, textOf(format));
      }),
    ],
  ]);
}

const GLOBALS: readonly (readonly [string, Value])[] = [
  ['range', new PythonFunction('range', range)],
  ['dict', new PythonFunction('dict', dictOf, 'type')],
  [
    'namespace',
    new PythonFunction('namespace', (args, keywords) => new Namespace(dictOf(args, keywords)), 'type'),
  ],
  ['cycler', new PythonFunction('cycler', cycler, 'type')],
  ['joiner', PythonFunction.of('joiner', [['sep', ', ']], (separator) => new Joiner(separator))],
  [
    'lipsum',
    new PythonFunction('lipsum', () => {
      throw unsupported('lipsum, which is random,');
    }),
  ],
  [
    'raise_exception',
    PythonFunction.of('raise_exception', ['message'], (message) => {
      throw new TemplateError('TemplateError', textOf(message));
    }),
  ],
];

function cycler(items: readonly Value[], keywords: Keywords): Value {
  if (keywords.size > 0)
    throw typeError(`Cycler.__init__() got an unexpected keyword argument '${[...keywords.keys()][0]}'`);
  return new Cycler(items);
}

function range(args: readonly Value[], keywords: Keywords): Value {
  if (keywords.size > 0) throw typeError('range() takes no keyword arguments');
  if (args.length === 0) throw typeError('range expected at least 1 argument, got 0');
  if (args.length > 3) throw typeError(`range expected at most 3 arguments, got ${args.length}`);
  const numbers = args.map((value) => {
    const integer = integerOf(value);
    if (integer === undefined)
      throw typeError(`'${typeName(value)}' object cannot be interpreted as an integer`);
    return integer;
  });
  const [start = 0n, stop = 0n, step = 1n] = numbers.length === 1 ? [0n, numbers[0]!] : numbers;
  if (step === 0n) throw valueError('range() arg 3 must not be zero');
  const made = new Range(start, stop, step);
  if (made.length > MAX_RANGE)
    throw new TemplateError(
      'OverflowError',
      `Range too big. The sandbox blocks ranges larger than MAX_RANGE (${MAX_RANGE}).`,
    );
  return made;
}

/** Python's `dict(…)`: of another, of pairs, and of keywords. */
function dictOf(args: readonly Value[], keywords: Keywords = NO_KEYWORDS): Dict {
  if (args.length > 1) throw typeError(`dict expected at most 1 argument, got ${args.length}`);
  const [given] = args;
  const dict = new Dict(given instanceof Dict ? given.entries() : given === undefined ? [] : pairsOf(given));
  for (const [name, value] of keywords) dict.set(name, value);
  return dict;
}

function* pairsOf(given: Value): Generator<readonly [Value, Value]> {
  let at = 0;
  for (const item of iterate(given)) {
    const pair = itemsOf(item);
    if (pair.length !== 2)
      throw valueError(`dictionary update sequence element #${at} has length ${pair.length}; 2 is required`);
    yield [pair[0]!, pair[1]!];
    at++;
  }
}
