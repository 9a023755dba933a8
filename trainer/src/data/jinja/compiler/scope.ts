import type { Place, Symbols } from './symbols.js';
import type { Value } from '../python/values.js';

/** The values of a scope by their slots; undefined where a name has none. */
export class Scope {
  readonly slots: (Value | undefined)[] = [];

  constructor(
    /** Assignments of the template's own scope, over the variables and globals. */
    readonly context: Map<string, Value>,
    readonly parent?: Scope,
  ) {}

  /** The scope that a body begins with. */
  enter(symbols: Symbols): Scope {
    return new Scope(this.context, this).begin(symbols);
  }

  begin(symbols: Symbols): this {
    for (const { name, source, outer } of symbols.entries) {
      if (source === 'context') this.slots.push(this.context.get(name));
      else this.slots.push(source === 'outer' && outer ? this.parent?.get(outer) : undefined);
    }
    return this;
  }

  get({ hops, slot }: Place): Value | undefined {
    return this.at(hops).slots[slot];
  }

  set({ hops, slot }: Place, value: Value): void {
    this.at(hops).slots[slot] = value;
  }

  private at(hops: number): Scope {
    return hops === 0 ? this : this.parent!.at(hops - 1);
  }
}
