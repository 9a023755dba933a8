import { isListOfSpec } from '../../api/index.js';
import { UserError } from '../../errors.js';

/** What may stand in a list without quotes. */
const PLAIN_LIST = /^[\w.:/-]+(,[\w.:/-]+)*$/;

/**
 * Applies settings such as `training.epochs=3` to a spec; the value is JSON, or else text. An index reaches into a list, as
 * messages write it, `sources[0].weight=2`, or as `sources.0.weight=2`. A field that is a list takes `a` and `a,b`.
 *
 * @throws UserError that names every setting that cannot be applied
 */
export function applySettings(spec: Record<string, unknown>, settings: readonly string[]): void {
  const problems = settings.flatMap((setting) => assign(spec, setting) ?? []);
  if (problems.length > 0) throw new UserError(problems.join('\n'));
}

/** @returns what is wrong with the setting */
function assign(spec: Record<string, unknown>, setting: string): string | undefined {
  const equals = setting.indexOf('=');
  const path = setting
    .slice(0, Math.max(0, equals))
    .replaceAll(/\[(\d+)\]/g, '.$1')
    .split('.');
  if (equals < 1 || path.includes(''))
    return `--set ${setting}: write it as path=value, for example training.epochs=3`;
  let place: Record<string, unknown> = spec;
  for (const name of path.slice(0, -1)) {
    const next = Object.hasOwn(place, name) ? place[name] : (place[name] = {});
    if (typeof next !== 'object' || next === null)
      return `--set ${setting}: ${name} is a value and has no fields`;
    place = next as Record<string, unknown>;
  }
  Object.defineProperty(place, path.at(-1) as string, {
    value: valueOf(setting.slice(equals + 1), path),
    enumerable: true,
    configurable: true,
    writable: true,
  });
  return undefined;
}

function valueOf(text: string, path: readonly string[]): unknown {
  const value = jsonOrText(text);
  const isPlain = typeof value !== 'object' && PLAIN_LIST.test(text);
  return isPlain && isListOfSpec(path) ? text.split(',').map(jsonOrText) : value;
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
