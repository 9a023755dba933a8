import { Dict } from '../python/dict.js';
import { typeError } from '../python/template-error.js';
import { quoted } from '../python/text-of.js';
import { Callable, Tuple, Undefined, type Keywords, type Value } from '../python/values.js';

export interface MacroSignature {
  /** null is the body of a call block. */
  readonly name: string | null;
  readonly parameters: readonly string[];
  /** Special names that the body reads. */
  readonly readsCaller: boolean;
  readonly readsKeywords: boolean;
  readonly readsRest: boolean;
}

/** What a macro's body sees: its arguments, undefined where one is missing, and the special names. */
export interface MacroArguments {
  readonly values: readonly (Value | undefined)[];
  readonly caller: Value;
  readonly keywords: Value;
  readonly rest: Value;
}

export class Macro extends Callable {
  readonly typeName = 'Macro';

  constructor(
    private readonly signature: MacroSignature,
    private readonly body: (args: MacroArguments) => string,
  ) {
    super();
  }

  override print(): string {
    return `<Macro ${this.signature.name === null ? 'anonymous' : quoted(this.signature.name)}>`;
  }

  override attribute(name: string): Value | undefined {
    switch (name) {
      case 'name':
        return this.signature.name;
      case 'arguments':
        return new Tuple(this.signature.parameters);
      case 'catch_kwargs':
        return this.signature.readsKeywords;
      case 'catch_varargs':
        return this.signature.readsRest;
      case 'caller':
        return this.signature.readsCaller;
      case 'explicit_caller':
        return this.signature.parameters.includes('caller');
      default:
        return undefined;
    }
  }

  call(args: readonly Value[], given: Keywords): Value {
    const { parameters, readsCaller, readsKeywords, readsRest } = this.signature;
    const named = new Map(given);
    const take = (name: string): Value | undefined => {
      const value = named.get(name);
      named.delete(name);
      return value;
    };
    const values = parameters.map((name, at) => (at < args.length ? args[at] : take(name)));
    const takesCaller = readsCaller && !parameters.includes('caller');
    const caller = takesCaller ? take('caller') : undefined;
    if (!readsKeywords && named.size > 0) throw this.unexpected([...named.keys()]);
    if (!readsRest && args.length > parameters.length)
      throw typeError(`macro ${this.quotedName} takes not more than ${parameters.length} argument(s)`);
    return this.body({
      values,
      caller: caller ?? new Undefined(() => 'No caller defined'),
      keywords: new Dict(named),
      rest: new Tuple(args.slice(parameters.length)),
    });
  }

  private get quotedName(): string {
    return this.signature.name === null ? 'None' : quoted(this.signature.name);
  }

  private unexpected(names: readonly string[]): Error {
    return typeError(
      names.includes('caller')
        ? `macro ${this.quotedName} was invoked with two values for the special caller argument. This is most likely a bug.`
        : `macro ${this.quotedName} takes no keyword argument ${quoted(names[0]!)}`,
    );
  }
}
