import { PatternError } from './errors.js';

/** Reads a pattern from left to right. */
export class PatternCursor {
  constructor(
    private readonly source: string,
    public position: number,
  ) {}

  get done(): boolean {
    return this.position >= this.source.length;
  }

  ahead(text: string): boolean {
    return this.source.startsWith(text, this.position);
  }

  take(text: string): boolean {
    if (!this.ahead(text)) return false;
    this.position += text.length;
    return true;
  }

  next(): string {
    if (this.done) throw this.wrong('the pattern ends too early');
    return this.source.charAt(this.position++);
  }

  /** @param expression sticky */
  takeMatch(expression: RegExp): string | undefined {
    expression.lastIndex = this.position;
    const found = expression.exec(this.source)?.[0];
    if (found !== undefined) this.position += found.length;
    return found;
  }

  /** The counts of a quantifier, without what says whether it is lazy. */
  range(): { readonly least: number; readonly most: number } | undefined {
    if (this.take('*')) return { least: 0, most: Number.POSITIVE_INFINITY };
    if (this.take('+')) return { least: 1, most: Number.POSITIVE_INFINITY };
    if (this.take('?')) return { least: 0, most: 1 };
    const braces = this.takeMatch(/\{(?:[0-9]+|[0-9]*,[0-9]*)\}/y)?.slice(1, -1);
    if (braces === undefined) return undefined;
    const [least = '', most = least] = braces.split(',');
    return { least: Number(least), most: most === '' ? Number.POSITIVE_INFINITY : Number(most) };
  }

  wrong(what: string, position = this.position): PatternError {
    return new PatternError(`${what}, at character ${position + 1}`);
  }
}
