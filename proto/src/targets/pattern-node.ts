/** One attempt to match. */
export interface Run {
  readonly text: string;
  /** Begin and end of each group by number. */
  readonly groups: (readonly [number, number] | undefined)[];
  depth: number;
  /** Counts a step and a level of nesting. @throws PatternError when there are too many. */
  readonly enter: () => void;
}

/** Tries to match at `position` and then what follows; a node that fails leaves the groups as they were. */
export type PatternNode = (run: Run, position: number, next: (position: number) => boolean) => boolean;

export interface Repeat {
  readonly least: number;
  readonly most: number;
  readonly kind: 'greedy' | 'lazy' | 'possessive';
}

export const empty: PatternNode = (_run, position, next) => next(position);

export function character(accepts: (character: string) => boolean): PatternNode {
  return (run, position, next) => {
    run.enter();
    const found = position < run.text.length && accepts(run.text.charAt(position)) && next(position + 1);
    run.depth--;
    return found;
  };
}

export function assertion(holds: (text: string, position: number) => boolean): PatternNode {
  return (run, position, next) => holds(run.text, position) && next(position);
}

export function sequence(nodes: readonly PatternNode[]): PatternNode {
  return nodes.reduceRight<PatternNode>(
    (rest, node) =>
      rest === empty ? node : (run, position, next) => node(run, position, (at) => rest(run, at, next)),
    empty,
  );
}

export function alternatives(nodes: readonly PatternNode[]): PatternNode {
  const [only, ...others] = nodes;
  if (only && others.length === 0) return only;
  return (run, position, next) => {
    run.enter();
    const found = nodes.some((node) => node(run, position, next));
    run.depth--;
    return found;
  };
}

export function group(index: number, body: PatternNode): PatternNode {
  return (run, position, next) => {
    const before = run.groups[index];
    const found = body(run, position, (end) => {
      const inner = run.groups[index];
      run.groups[index] = [position, end];
      if (next(end)) return true;
      run.groups[index] = inner;
      return false;
    });
    if (!found) run.groups[index] = before;
    return found;
  };
}

export function backReference(index: number): PatternNode {
  return (run, position, next) => {
    run.enter();
    const place = run.groups[index];
    const wanted = place && run.text.slice(place[0], place[1]);
    const found =
      wanted !== undefined && run.text.startsWith(wanted, position) && next(position + wanted.length);
    run.depth--;
    return found;
  };
}

/** Matches the first way alone: what follows cannot make it try another. */
export function atomic(body: PatternNode): PatternNode {
  return (run, position, next) => {
    let end = -1;
    const found = body(run, position, (at) => {
      end = at;
      return true;
    });
    return found && next(end);
  };
}

export function lookAhead(body: PatternNode, wanted: 'present' | 'absent'): PatternNode {
  return (run, position, next) => {
    const kept = [...run.groups];
    const found = body(run, position, () => true);
    if (found === (wanted === 'present')) {
      if (next(position)) return true;
    }
    run.groups.splice(0, run.groups.length, ...kept);
    return false;
  };
}

export function lookBehind(body: PatternNode, wanted: 'present' | 'absent'): PatternNode {
  return (run, position, next) => {
    let found = false;
    for (let start = position; start >= 0 && !found; start--)
      found = body(run, start, (end) => end === position);
    return found === (wanted === 'present') && next(position);
  };
}

export function repeated(body: PatternNode, { least, most, kind }: Repeat): PatternNode {
  const from =
    (count: number): PatternNode =>
    (run, position, next) => {
      run.enter();
      const more = () =>
        count < most &&
        body(run, position, (end) =>
          // A further empty round changes nothing.
          end === position && count >= least ? false : from(count + 1)(run, end, next),
        );
      const enough = () => count >= least && next(position);
      const found = kind === 'lazy' ? enough() || more() : more() || enough();
      run.depth--;
      return found;
    };
  return kind === 'possessive' ? atomic(from(0)) : from(0);
}
