import { isObject } from '../json.js';

type Step = { kind: 'member'; name: string } | { kind: 'index'; index: number } | { kind: 'all' } | Filter;

interface Filter {
  kind: 'filter';
  path: string[];
  equals: boolean;
  value: unknown;
}

const cache = new Map<string, Step[]>();

/** Parses the JSONPath subset of printer columns: members, indexes, `[*]` and `[?(@.a=="b")]`. */
export function parseJsonPath(path: string): Step[] {
  const known = cache.get(path);
  if (known) return known;
  const steps: Step[] = [];
  const pattern =
    /\.((?:\\.|[^.[\]\\])+)|\[(-?\d+)\]|\[\*\]|\['([^']*)'\]|\["([^"]*)"\]|\[\?\(@\.([\w.]+)\s*(==|!=)\s*(?:"([^"]*)"|'([^']*)'|([^)]+))\)\]/gy;
  const text = path.replace(/^\{(.*)\}$/, '$1').replace(/^\$/, '');
  let position = 0;
  while (position < text.length) {
    pattern.lastIndex = position;
    const match = pattern.exec(text);
    if (!match) throw new Error(`JSONPath ${path} cannot be read at "${text.slice(position)}"`);
    steps.push(toStep(match));
    position = pattern.lastIndex;
  }
  cache.set(path, steps);
  return steps;
}

function toStep(match: RegExpExecArray): Step {
  const [whole, member, index, single, double, filterPath, operator, text1, text2, bare] = match;
  if (whole === '[*]' || member === '*') return { kind: 'all' };
  if (member !== undefined) return { kind: 'member', name: member.replaceAll('\\', '') };
  if (index !== undefined) return { kind: 'index', index: Number(index) };
  if (filterPath !== undefined) {
    const value: unknown = text1 ?? text2 ?? JSON.parse(bare!);
    return { kind: 'filter', path: filterPath.split('.'), equals: operator === '==', value };
  }
  return { kind: 'member', name: single ?? double ?? '' };
}

/** Every value that a path finds. */
export function evaluateJsonPath(path: string, root: unknown): unknown[] {
  let values: unknown[] = [root];
  for (const step of parseJsonPath(path)) values = values.flatMap((value) => take(value, step));
  return values;
}

function take(value: unknown, step: Step): unknown[] {
  switch (step.kind) {
    case 'member':
      return isObject(value) && value[step.name] !== undefined ? [value[step.name]] : [];
    case 'index':
      return Array.isArray(value) && value.at(step.index) !== undefined ? [value.at(step.index)] : [];
    case 'all':
      return Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [];
    default: {
      if (!Array.isArray(value)) return [];
      const read = (item: unknown): unknown =>
        step.path.reduce<unknown>((inner, name) => (isObject(inner) ? inner[name] : undefined), item);
      return value.filter((item) => (read(item) === step.value) === step.equals);
    }
  }
}
