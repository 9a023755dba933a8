import { parsePattern } from './parse-pattern.js';
import { PatternError } from './errors.js';
import type { Run } from './pattern-node.js';

/** Longest pattern, characters. */
export const LONGEST_PATTERN = 4096;
/** Work on one name after which a pattern counts as catastrophic; ordinary patterns take some hundreds. */
const MOST_STEPS = 10_000;
const DEEPEST = 1500;

/** Steps that several patterns may take together. */
export interface StepBudget {
  left: number;
}

/** Where the groups of a match lie in the text. */
export type Groups = ReadonlyMap<number | string, string>;

/**
 * A regular expression with the grammar and the meaning of Python's `re`, as PEFT reads module names with it. The
 * engine of JavaScript differs in grammar and has no bound on its work; libraries that are bounded have no
 * look-around, which published adapters use. This one counts its steps, so that every machine refuses the same patterns.
 */
export class PythonPattern {
  private readonly root;
  private readonly names;

  /** @throws PatternError */
  constructor(
    readonly source: string,
    private readonly budget: StepBudget = { left: Number.POSITIVE_INFINITY },
  ) {
    if (source.length > LONGEST_PATTERN)
      throw new PatternError(`it is longer than ${LONGEST_PATTERN} characters`);
    const { node, groupNames } = parsePattern(source);
    this.root = node;
    this.names = groupNames;
  }

  /** `re.fullmatch(source, text) is not None`. @throws PatternError when it takes too many steps. */
  fullMatch(text: string): boolean {
    return this.run(text, (position) => position === text.length) !== undefined;
  }

  /** `re.match(source, text)`: the groups, undefined when the beginning of the text does not match. */
  match(text: string): Groups | undefined {
    return this.run(text, () => true);
  }

  private run(text: string, accepts: (position: number) => boolean): Groups | undefined {
    const { budget } = this;
    let steps = 0;
    const state: Run = {
      text,
      groups: [],
      depth: 0,
      enter() {
        if (--budget.left < 0)
          throw new PatternError('the patterns take too many steps together; write fewer');
        if (++steps > MOST_STEPS || ++state.depth > DEEPEST) {
          throw new PatternError(`it takes too many steps on "${text}"; write it without nested repeats`);
        }
      },
    };
    if (!this.root(state, 0, accepts)) return undefined;
    const groups = new Map<number | string, string>();
    for (const [index, place] of state.groups.entries()) {
      if (place) groups.set(index, text.slice(place[0], place[1]));
    }
    for (const [name, index] of this.names) {
      const value = groups.get(index);
      if (value !== undefined) groups.set(name, value);
    }
    return groups;
  }
}
