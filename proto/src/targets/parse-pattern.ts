import { PatternError } from './errors.js';
import { readClass, readEscape, type Accepts } from './pattern-classes.js';
import { PatternCursor } from './pattern-cursor.js';
import {
  alternatives,
  assertion,
  atomic,
  backReference,
  character,
  empty,
  group,
  lookAhead,
  lookBehind,
  repeated,
  sequence,
  type PatternNode,
  type Repeat,
} from './pattern-node.js';

const MOST_REPEATS = 1000;
const DEEPEST_GROUP = 50;

export interface ParsedPattern {
  readonly node: PatternNode;
  readonly groupNames: ReadonlyMap<string, number>;
}

/** Reads Python's grammar of regular expressions. @throws PatternError naming what is wrong and where. */
export function parsePattern(source: string): ParsedPattern {
  const parser = new PatternParser(source);
  return { node: parser.parse(), groupNames: parser.groupNames };
}

class PatternParser {
  readonly groupNames = new Map<string, number>();
  private readonly cursor: PatternCursor;
  private groups = 0;
  private depth = 0;
  private flags = '';

  constructor(source: string) {
    const flags = /^\(\?([aiLmsux]+)\)/.exec(source);
    this.flags = flags?.[1] ?? '';
    this.cursor = new PatternCursor(source, flags?.[0].length ?? 0);
    const unsupported = /[mxL]/.exec(this.flags)?.[0];
    if (unsupported) throw this.cursor.wrong(`the flag ${unsupported} is not supported`);
  }

  parse(): PatternNode {
    const node = this.choice();
    if (!this.cursor.done) throw this.cursor.wrong('unbalanced parenthesis');
    return node;
  }

  private choice(): PatternNode {
    const branches = [this.branch()];
    while (this.cursor.take('|')) branches.push(this.branch());
    return alternatives(branches);
  }

  private branch(): PatternNode {
    const nodes: PatternNode[] = [];
    while (!this.cursor.done && !this.cursor.ahead('|') && !this.cursor.ahead(')')) nodes.push(this.piece());
    return sequence(nodes);
  }

  private piece(): PatternNode {
    const at = this.cursor.position;
    if (this.quantifier()) throw this.cursor.wrong('nothing to repeat', at);
    const node = this.atom();
    const repeat = this.quantifier();
    if (!repeat) return node;
    const again = this.cursor.position;
    if (this.quantifier()) throw this.cursor.wrong('multiple repeat', again);
    return repeated(node, repeat);
  }

  private quantifier(): Repeat | undefined {
    const range = this.cursor.range();
    if (!range) return undefined;
    const { least, most } = range;
    if (least > most) throw this.cursor.wrong('min repeat greater than max repeat');
    if (least > MOST_REPEATS || (most !== Number.POSITIVE_INFINITY && most > MOST_REPEATS)) {
      throw this.cursor.wrong(`more than ${MOST_REPEATS} repeats`);
    }
    const kind = this.cursor.take('?') ? 'lazy' : this.cursor.take('+') ? 'possessive' : 'greedy';
    return { least, most, kind };
  }

  private atom(): PatternNode {
    const { cursor } = this;
    const next = cursor.next();
    switch (next) {
      case '(':
        return this.parenthesis();
      case '[':
        return this.accepting(readClass(cursor));
      case '.':
        return character((found) => this.flags.includes('s') || found !== '\n');
      case '^':
        return assertion((_text, position) => position === 0);
      case '$':
        return assertion(atEnd);
      case '\\':
        return this.escape();
      default:
        return this.accepting((found) => found === next);
    }
  }

  private escape(): PatternNode {
    const { cursor } = this;
    if (cursor.take('A')) return assertion((_text, position) => position === 0);
    if (cursor.take('Z')) return assertion((text, position) => position === text.length);
    if (cursor.take('b')) return assertion(atWordBoundary);
    if (cursor.take('B')) return assertion((text, position) => !atWordBoundary(text, position));
    const digits = cursor.takeMatch(/[1-9][0-9]?/y);
    if (digits !== undefined) return this.reference(Number(digits));
    return this.accepting(readEscape(cursor));
  }

  private reference(index: number): PatternNode {
    if (index > this.groups) throw this.cursor.wrong(`invalid group reference ${index}`);
    return backReference(index);
  }

  private parenthesis(): PatternNode {
    const { cursor } = this;
    const at = cursor.position - 1;
    if (++this.depth > DEEPEST_GROUP) throw cursor.wrong('too many nested groups');
    const node = this.groupBody();
    this.depth--;
    if (!cursor.take(')')) throw cursor.wrong('missing ), unterminated subpattern', at);
    return node;
  }

  private groupBody(): PatternNode {
    const { cursor } = this;
    if (!cursor.take('?')) return this.captured();
    if (cursor.take(':')) return this.choice();
    if (cursor.take('>')) return atomic(this.choice());
    if (cursor.take('=')) return lookAhead(this.choice(), 'present');
    if (cursor.take('!')) return lookAhead(this.choice(), 'absent');
    if (cursor.take('<=')) return lookBehind(this.choice(), 'present');
    if (cursor.take('<!')) return lookBehind(this.choice(), 'absent');
    if (cursor.take('#')) {
      cursor.takeMatch(/[^)]*/y);
      return empty;
    }
    const name = cursor.takeMatch(/P<[A-Za-z_][A-Za-z0-9_]*>/y)?.slice(2, -1);
    if (name !== undefined) {
      if (this.groupNames.has(name)) throw cursor.wrong(`redefinition of the group ${name}`);
      this.groupNames.set(name, this.groups + 1);
      return this.captured();
    }
    const known = cursor.takeMatch(/P=[A-Za-z_][A-Za-z0-9_]*/y)?.slice(2);
    if (known === undefined) throw cursor.wrong('this kind of group is not supported');
    const index = this.groupNames.get(known);
    if (index === undefined) throw cursor.wrong(`unknown group name ${known}`);
    return backReference(index);
  }

  private captured(): PatternNode {
    const index = ++this.groups;
    return group(index, this.choice());
  }

  private accepting(accepts: Accepts): PatternNode {
    if (!this.flags.includes('i')) return character(accepts);
    return character((found) => accepts(found.toLowerCase()) || accepts(found.toUpperCase()));
  }
}

function atEnd(text: string, position: number): boolean {
  return position === text.length || (position === text.length - 1 && text.endsWith('\n'));
}

function atWordBoundary(text: string, position: number): boolean {
  const isWord = (found: string) => /\w/.test(found);
  return isWord(text.charAt(position - 1)) !== isWord(text.charAt(position));
}

/** What is wrong with a pattern; undefined when it can be read. */
export function patternFault(source: string): string | undefined {
  try {
    parsePattern(source);
    return undefined;
  } catch (error) {
    if (error instanceof PatternError) return error.message;
    throw error;
  }
}
